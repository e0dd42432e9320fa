-- Old keys are swept in the order of the primary key: neighbours share a page, where the oldest lie on a page each.
DROP INDEX idempotency_keys_created_at;
