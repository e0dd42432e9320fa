-- Finds the groups of an administrator, in the order of their ids, which every SQLite index ends with.
CREATE INDEX groups_admin_id ON groups (admin_id);
