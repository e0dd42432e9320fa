-- What was asked for (SHA-256) and the id that was given, so that a replay is the first reply whatever became of the group.
-- NULL in the records of the version before.
ALTER TABLE idempotency_keys ADD COLUMN fingerprint BLOB CHECK (length(fingerprint) = 32);
ALTER TABLE idempotency_keys ADD COLUMN group_id INTEGER;
