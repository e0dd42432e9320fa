-- The request's fingerprint (SHA-256) and the id of the created group, so that a replay equals the first reply even
-- if the group was deleted. NULL in records from before this migration. NOT VALID skips the check of existing rows.
ALTER TABLE idempotency_keys
    ADD COLUMN fingerprint bytea,
    ADD COLUMN group_id    bigint,
    ADD CONSTRAINT idempotency_keys_fingerprint_check CHECK (octet_length(fingerprint) = 32) NOT VALID;
