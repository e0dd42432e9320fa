-- `load/read.lua` computes the same names.
PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY;
BEGIN;
CREATE TEMP TABLE numbers AS
    WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < :count)
    SELECT n, printf('group_%08x%08x', n * 626627285 % 4294967296, n) AS name FROM counter;
INSERT INTO groups (uuid, name, token, admin_id, created_at)
    SELECT unhex(printf('019aaf%010x8%015x', n, n)), name, '298fbgv479bv', n, 1763899200000000 + n
    FROM numbers ORDER BY name;
COMMIT;
