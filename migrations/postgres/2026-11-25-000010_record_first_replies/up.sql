-- What was asked for (SHA-256) and the id that was given, so that a replay is the first reply whatever became of the group.
-- NULL in the records of the version before. NOT VALID: the rows that are there need not be read.
ALTER TABLE idempotency_keys
    ADD COLUMN fingerprint bytea,
    ADD COLUMN group_id    bigint,
    ADD CONSTRAINT idempotency_keys_fingerprint_check CHECK (octet_length(fingerprint) = 32) NOT VALID;
