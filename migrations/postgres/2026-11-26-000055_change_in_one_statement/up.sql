-- Changes names and tokens of groups, and returns the numbers of the steps that were stored, from 1 up. A step is stored
-- only if its group has the old version, and if no other group has the new name. So several steps of one group, each with
-- the version that the one before makes, are stored one after another.
--
-- The rows are locked first, in the order of their ids, as every transaction locks them. VOLATILE: each update sees what was
-- committed while the statement waited for a lock.
--
-- An update locks the old name of its group until the commit, and later updates take more names. So this function and
-- another transaction may each wait for a name that the other one holds. lock_timeout ends such a wait by an error after
-- 10 ms, long before PostgreSQL would look for a deadlock (deadlock_timeout).
--
-- A subquery that returns a value is evaluated for each step, by the index on names. NOT EXISTS could be planned as a join
-- that reads the whole index, and so could the update without ANY.
CREATE FUNCTION change_groups(
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
