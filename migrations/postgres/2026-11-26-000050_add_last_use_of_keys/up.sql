-- The start of the minute in which the key was last used; NULL if it was never used. A column without a default rewrites
-- no row. It has no index, so that an update of it changes no index.
ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
