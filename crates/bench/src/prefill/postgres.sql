-- `load/read.lua` computes the same names. Indexes are created after the rows, which is faster.
SET synchronous_commit = off; SET work_mem = '1GB'; SET maintenance_work_mem = '512MB';
ALTER TABLE groups DROP CONSTRAINT groups_pkey, DROP CONSTRAINT groups_uuid_key, DROP CONSTRAINT groups_name_key;
DROP INDEX groups_admin_id;
INSERT INTO groups (uuid, name, token, admin_id, created_at)
    SELECT ('019aaf' || lpad(to_hex(n), 10, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid, name, '298fbgv479bv', n,
        '2025-11-23T12:00:00Z'::timestamptz + n * interval '1 microsecond'
    FROM (
        SELECT n, 'group_' || lpad(to_hex(n * 626627285 % 4294967296), 8, '0') || lpad(to_hex(n), 8, '0') AS name
        FROM generate_series(1::bigint, :count) AS n
    ) AS numbers
    ORDER BY name COLLATE "C";
ALTER TABLE groups ADD CONSTRAINT groups_pkey PRIMARY KEY (id);
ALTER TABLE groups ADD CONSTRAINT groups_uuid_key UNIQUE (uuid);
ALTER TABLE groups ADD CONSTRAINT groups_name_key UNIQUE (name);
CREATE INDEX groups_admin_id ON groups (admin_id, id);
