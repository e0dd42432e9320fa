-- Counts for limits. A statement sees the rows that were committed before it began, but each query in a VOLATILE
-- function sees those that were committed before that query. So a statement that calls these functions counts rows that
-- were committed while it waited for a lock.

-- Locks and counts the groups that limits apply to. Returns true if the limits leave room for one more group of each of
-- the administrators, who may be given more than once. A limit of 0 is not set.
--
-- The locks are those of `commit/quotas/postgres.rs`. An id is never used again, so there are at most as many groups as
-- the greatest id.
CREATE FUNCTION has_room_for_groups(administrators bigint[], total_limit bigint, limit_of_each bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF total_limit > 0 THEN
        PERFORM pg_advisory_xact_lock(119200062993523);
        IF (SELECT coalesce(max(id), 0) FROM groups) + cardinality(administrators) > total_limit THEN
            RETURN false;
        END IF;
    END IF;
    IF limit_of_each > 0 THEN
        PERFORM pg_advisory_xact_lock(key) FROM (
            SELECT DISTINCT hashtextextended('administrator ' || id, 0) AS key
            FROM unnest(administrators) AS id ORDER BY key) AS keys;
        RETURN NOT EXISTS (
            SELECT FROM (SELECT administrator, count(*) AS new FROM unnest(administrators) AS administrator GROUP BY 1) AS each
            WHERE new + (SELECT count(*) FROM (
                SELECT FROM groups WHERE admin_id = administrator ORDER BY id LIMIT limit_of_each) AS stored) > limit_of_each);
    END IF;
    RETURN true;
END $$;

-- Returns the number of memberships of each group, up to at_most. STRICT: without groups it does not run.
CREATE FUNCTION count_memberships(groups bigint[], at_most bigint) RETURNS TABLE (id bigint, memberships bigint)
LANGUAGE plpgsql VOLATILE STRICT AS $$
BEGIN
    RETURN QUERY SELECT counted, (SELECT count(*) FROM (
        SELECT FROM members WHERE group_id = counted ORDER BY user_id LIMIT at_most) AS stored)
    FROM unnest(groups) AS counted;
END $$;
