-- AUTOINCREMENT: the id of a deleted group is never used again.
CREATE TABLE groups (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid       BLOB    NOT NULL UNIQUE CHECK (length(uuid) = 16),
    name       TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),
    token      TEXT    NOT NULL CHECK (length(token) BETWEEN 1 AND 63),
    admin_id   INTEGER NOT NULL CHECK (admin_id >= 1),
    -- Microseconds since 1970-01-01T00:00:00Z.
    created_at INTEGER NOT NULL
) STRICT;
