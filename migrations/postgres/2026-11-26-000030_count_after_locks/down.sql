DROP FUNCTION has_room_for_groups, count_memberships;
