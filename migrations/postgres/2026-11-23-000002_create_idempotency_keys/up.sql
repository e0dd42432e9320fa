-- The group that was created by a caller's request with an Idempotency-Key.
CREATE TABLE idempotency_keys (
    -- The id of an API key. No foreign key, as the development key is in no table.
    caller     uuid NOT NULL,
    key        text COLLATE "C" NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    group_uuid uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);

-- For the sweep of old keys.
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
