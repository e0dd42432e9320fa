CREATE OR REPLACE FUNCTION change_groups(
    ids bigint[], old_versions bigint[], new_versions bigint[], new_names text[], new_tokens text[]
) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    steps_left bigint := cardinality(ids);
    stored bigint;
BEGIN
    PERFORM FROM groups WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    PERFORM set_config('lock_timeout', '10ms', true);
    LOOP
        RETURN QUERY
            UPDATE groups SET name = given.name, token = given.token, version = given.new_version
            FROM unnest(ids, old_versions, new_versions, new_names, new_tokens)
                WITH ORDINALITY AS given (id, old_version, new_version, name, token, step)
            WHERE groups.id = given.id AND groups.id = ANY (ids) AND groups.version = given.old_version
                AND coalesce((SELECT holder.id FROM groups AS holder WHERE holder.name = given.name), given.id) = given.id
            RETURNING given.step;
        GET DIAGNOSTICS stored = ROW_COUNT;
        steps_left := steps_left - stored;
        EXIT WHEN stored = 0 OR steps_left = 0;
    END LOOP;
END $$;
