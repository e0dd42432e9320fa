CREATE INDEX CONCURRENTLY groups_admin_id ON groups (admin_id, id);
