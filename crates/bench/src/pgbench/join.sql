\set number :number + 1
\set user 1000000000 * (:client_id + 1) + :number
\set group random(1, :groups)
BEGIN;
SELECT id, uuid, name, token, admin_id, created_at, version FROM groups
    WHERE id = ANY(ARRAY[:group]::bigint[]) ORDER BY id FOR NO KEY UPDATE;
SELECT group_id, user_id, joined_at FROM members
    JOIN (SELECT DISTINCT * FROM unnest(ARRAY[:group]::bigint[], ARRAY[:user]::bigint[]) AS given (group_id, user_id)) AS given
    USING (group_id, user_id);
INSERT INTO members (group_id, user_id, joined_at)
    SELECT * FROM unnest(ARRAY[:group]::bigint[], ARRAY[:user]::bigint[], ARRAY[now()]);
COMMIT;
