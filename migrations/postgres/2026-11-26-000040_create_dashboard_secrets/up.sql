-- The secrets of the dashboard: links, each of which opens one session, and sessions.
CREATE TABLE dashboard_secrets (
    -- SHA-256 of the secret, which itself is never stored.
    digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('link', 'session')),
    expires_at timestamptz NOT NULL
);
