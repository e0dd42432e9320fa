DROP FUNCTION change_groups;
