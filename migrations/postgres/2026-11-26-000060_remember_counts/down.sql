DROP FUNCTION groups_with_room, lock_mark;
