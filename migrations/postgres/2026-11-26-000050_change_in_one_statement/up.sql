-- Changes names and tokens of groups, step after step, and returns the numbers of the steps that were stored, from 1 up. A
-- step is stored only if its group has the old version, and if no other group has the new name.
--
-- The rows are locked first, in the order of their ids, as every transaction locks them. VOLATILE: each update sees what was
-- committed while the statement waited for a lock.
--
-- An update frees the old name of its group before it takes the new one, and later updates take more names. So this function
-- may hold a name for which a transaction waits that holds a name which this function wants. It ends such a wait after a
-- short time, by an error, long before PostgreSQL would look for a deadlock (deadlock_timeout).
CREATE FUNCTION change_groups(
    ids bigint[], old_versions bigint[], new_versions bigint[], new_names text[], new_tokens text[]
) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM groups WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
    PERFORM set_config('lock_timeout', '10ms', true);
    FOR step IN 1 .. cardinality(ids) LOOP
        UPDATE groups SET name = new_names[step], token = new_tokens[step], version = new_versions[step]
        WHERE id = ids[step] AND version = old_versions[step] AND NOT EXISTS (
            SELECT FROM groups AS other WHERE other.name = new_names[step] AND other.id <> ids[step]);
        IF FOUND THEN
            RETURN NEXT step;
        END IF;
    END LOOP;
END $$;
