-- Counts of memberships that a writer remembers, so that it need not count again before each batch. Decision 0021 says why
-- they are exact. count_memberships stays for older programs.

-- Identifies the last lock of a row by its column xmax, which has the id of the transaction that locked the row last. If
-- several transactions held locks at once, it has the id of their set, a multixact, and nothing in the number tells which
-- of the two it is. The sign is negative from the moment when a multixact of that number may exist.
CREATE FUNCTION lock_mark(xmax xid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN mxid_age(xmax) > 0 THEN -1 ELSE 1 END * xmax::text::bigint
$$;

-- Returns those of the locked groups that have room for their new members beside their administrators. For each, returns a
-- number that the memberships do not exceed, and the mark of the lock that this transaction holds.
--
-- The statement that calls this function has locked the groups. `xmaxes` are those from before the lock, and `snapshot` is
-- what the statement sees, as text. `remembered` is the number that the memberships of a group did not exceed when its row
-- had the lock with the given mark; NULL if there is none. It still holds if nobody has locked the row since: `xmax` is
-- the same, and no transaction ended between `snapshot` and now. If it does not hold or leaves no room, the memberships are
-- counted, up to at_most. VOLATILE: each query of the function sees what was committed before that query, so also what was
-- committed while the statement waited for the lock.
--
-- STRICT: without groups it does not run.
CREATE FUNCTION groups_with_room(
    locked bigint[], xmaxes xid[], snapshot text,
    given bigint[], new_members bigint[], remembered bigint[], marks bigint[], at_most bigint
) RETURNS TABLE (id bigint, memberships bigint, mark bigint)
LANGUAGE plpgsql VOLATILE STRICT AS $$
DECLARE
    is_same_snapshot boolean := snapshot = pg_current_snapshot()::text;
    own_mark bigint := lock_mark(pg_current_xact_id()::xid);
BEGIN
    RETURN QUERY
    WITH bounds AS MATERIALIZED (
        SELECT before.id, known.new_members, CASE
            WHEN is_same_snapshot AND lock_mark(before.xmax) = known.mark AND known.bound + known.new_members < at_most
            THEN known.bound
            ELSE (SELECT count(*) FROM (
                SELECT FROM members WHERE group_id = before.id ORDER BY user_id LIMIT at_most) AS stored)
        END AS memberships
        FROM unnest(locked, xmaxes) AS before (id, xmax)
        JOIN unnest(given, new_members, remembered, marks) AS known (id, new_members, bound, mark) ON known.id = before.id
    )
    SELECT bounds.id, bounds.memberships, own_mark FROM bounds
    WHERE bounds.memberships + bounds.new_members < at_most;
END $$;
