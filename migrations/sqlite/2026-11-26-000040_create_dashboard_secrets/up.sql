-- The secrets of the dashboard: links, each of which opens one session, and sessions.
CREATE TABLE dashboard_secrets (
    -- SHA-256 of the secret, which itself is never stored.
    digest     BLOB    PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    kind       TEXT    NOT NULL CHECK (kind IN ('link', 'session')),
    -- Microseconds since 1970-01-01T00:00:00Z.
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
