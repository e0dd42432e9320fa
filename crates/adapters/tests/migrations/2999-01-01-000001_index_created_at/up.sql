CREATE INDEX CONCURRENTLY groups_created_at ON groups (created_at);
