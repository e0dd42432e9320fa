-- The request's fingerprint (SHA-256) and the id of the created group, so that a replay equals the first reply even
-- if the group was deleted. NULL in records from before this migration.
ALTER TABLE idempotency_keys ADD COLUMN fingerprint BLOB CHECK (length(fingerprint) = 32);
ALTER TABLE idempotency_keys ADD COLUMN group_id INTEGER;
