-- Users 2 and up join group 1; its administrator is user 1.
WITH RECURSIVE users (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM users WHERE id < :count)
INSERT INTO members (group_id, user_id, joined_at)
    SELECT groups.id, users.id, groups.created_at FROM groups, users WHERE groups.id = 1;
