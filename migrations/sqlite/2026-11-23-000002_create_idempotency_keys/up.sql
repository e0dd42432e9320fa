-- The group that was created by a caller's request with an Idempotency-Key.
CREATE TABLE idempotency_keys (
    -- The id of an API key. No foreign key, as the development key is in no table.
    caller     BLOB    NOT NULL CHECK (length(caller) = 16),
    key        TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    group_uuid BLOB    NOT NULL CHECK (length(group_uuid) = 16),
    -- Microseconds since 1970-01-01T00:00:00Z.
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

-- For the sweep of old keys.
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
