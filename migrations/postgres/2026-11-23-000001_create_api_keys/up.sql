CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    -- SHA-256 of the key, which itself is never stored.
    digest     bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    name       text COLLATE "C" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 63),
    -- Space-separated names of scopes.
    scopes     text COLLATE "C" NOT NULL CHECK (char_length(scopes) > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
