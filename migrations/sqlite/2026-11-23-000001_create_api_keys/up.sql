-- Times are in microseconds since 1970-01-01T00:00:00Z.
CREATE TABLE api_keys (
    id         BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    -- SHA-256 of the key, which itself is never stored.
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
    -- Space-separated names of scopes.
    scopes     TEXT    NOT NULL CHECK (length(scopes) > 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;
