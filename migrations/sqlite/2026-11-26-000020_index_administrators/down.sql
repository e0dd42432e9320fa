DROP INDEX groups_admin_id;
