-- The function stores steps only of groups that have the old version of their first step. Without this, another transaction
-- could make the version that the first step would have made: then the first step was not stored, but the second one was,
-- and undid what the other transaction had changed.
--
-- The version is compared on the row that is locked, after the wait for the lock, so it stays until the commit. All else is
-- as in 2026-11-26-000055_change_in_one_statement.
CREATE OR REPLACE FUNCTION change_groups(
    ids bigint[], old_versions bigint[], new_versions bigint[], new_names text[], new_tokens text[]
) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    steps_left bigint := cardinality(ids);
    stored bigint;
    remembered bigint[];
BEGIN
    remembered := ARRAY(
        SELECT groups.id FROM groups
        JOIN (
            SELECT given.id, min(given.old_version) AS version FROM unnest(ids, old_versions) AS given (id, old_version)
            GROUP BY given.id
        ) AS first_step ON first_step.id = groups.id AND first_step.version = groups.version
        WHERE groups.id = ANY (ids) ORDER BY groups.id FOR NO KEY UPDATE OF groups
    );
    PERFORM set_config('lock_timeout', '10ms', true);
    LOOP
        RETURN QUERY
            UPDATE groups SET name = given.name, token = given.token, version = given.new_version
            FROM unnest(ids, old_versions, new_versions, new_names, new_tokens)
                WITH ORDINALITY AS given (id, old_version, new_version, name, token, step)
            WHERE groups.id = given.id AND groups.id = ANY (remembered) AND groups.version = given.old_version
                AND coalesce((SELECT holder.id FROM groups AS holder WHERE holder.name = given.name), given.id) = given.id
            RETURNING given.step;
        GET DIAGNOSTICS stored = ROW_COUNT;
        steps_left := steps_left - stored;
        EXIT WHEN stored = 0 OR steps_left = 0;
    END LOOP;
END $$;
