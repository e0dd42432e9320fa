ALTER TABLE idempotency_keys DROP COLUMN fingerprint, DROP COLUMN group_id;
