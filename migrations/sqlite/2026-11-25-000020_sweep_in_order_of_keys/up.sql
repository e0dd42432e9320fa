-- Old keys are swept in primary key order, in which several share a page. In order of age, each would be on a page of
-- its own.
DROP INDEX idempotency_keys_created_at;
