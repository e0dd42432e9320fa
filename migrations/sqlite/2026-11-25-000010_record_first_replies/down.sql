ALTER TABLE idempotency_keys DROP COLUMN group_id;
ALTER TABLE idempotency_keys DROP COLUMN fingerprint;
