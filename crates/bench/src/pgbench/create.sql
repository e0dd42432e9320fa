\set number :number + 1
INSERT INTO groups (uuid, name, token, admin_id, created_at)
    VALUES (gen_random_uuid(), 'group_' || :client_id || '_' || :number, '298fbgv479bv', :number, now())
    ON CONFLICT (name) DO NOTHING RETURNING id, uuid;
