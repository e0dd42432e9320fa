-- `api/pocketbase.lua` computes the same ids.
BEGIN;
WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < :count)
INSERT INTO groups (id, uuid, name, token, admin_id, created_at)
    SELECT printf('%015d', n), printf('%08x-0000-4000-8000-%012x', n, n), printf('stored_%d', n), '298fbgv479bv', n,
        '2025-11-23 12:00:00.000Z'
    FROM counter;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
