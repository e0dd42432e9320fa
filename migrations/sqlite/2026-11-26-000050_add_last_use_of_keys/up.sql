-- The start of the minute in which the key was last used, in microseconds since 1970-01-01T00:00:00Z; NULL if it was
-- never used.
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
