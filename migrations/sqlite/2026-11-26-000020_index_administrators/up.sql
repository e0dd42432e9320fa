-- Finds the groups of an administrator, in the order of their ids: every SQLite index ends with the rowid, here the id.
CREATE INDEX groups_admin_id ON groups (admin_id);
