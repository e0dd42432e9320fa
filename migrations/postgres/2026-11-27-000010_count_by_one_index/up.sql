-- The functions count in an order that only one index has. PostgreSQL does not know whose rows it will count when it plans.
-- If most groups are of one administrator, or most memberships of one group, it expects to find many rows soon, in any
-- order. So it could read all groups by their ids, or all memberships by their users, to find the few rows of another one.
-- With `=` in place of BETWEEN, the first column would not be part of the order.
--
-- All else is as in 2026-11-26-000030_count_after_locks and 2026-11-26-000060_remember_counts, except that the greatest id is
-- found by the primary key too.
CREATE OR REPLACE FUNCTION has_room_for_groups(administrators bigint[], total_limit bigint, limit_of_each bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF total_limit > 0 THEN
        PERFORM pg_advisory_xact_lock(119200062993523);
        IF coalesce((SELECT id FROM groups ORDER BY id DESC LIMIT 1), 0) + cardinality(administrators) > total_limit THEN
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
                SELECT FROM groups WHERE admin_id BETWEEN administrator AND administrator
                ORDER BY admin_id, id LIMIT limit_of_each) AS stored) > limit_of_each);
    END IF;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION count_memberships(groups bigint[], at_most bigint) RETURNS TABLE (id bigint, memberships bigint)
LANGUAGE plpgsql VOLATILE STRICT AS $$
BEGIN
    RETURN QUERY SELECT counted, (SELECT count(*) FROM (
        SELECT FROM members WHERE group_id BETWEEN counted AND counted ORDER BY group_id, user_id LIMIT at_most) AS stored)
    FROM unnest(groups) AS counted;
END $$;

CREATE OR REPLACE FUNCTION groups_with_room(
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
                SELECT FROM members WHERE group_id BETWEEN before.id AND before.id
                ORDER BY group_id, user_id LIMIT at_most) AS stored)
        END AS memberships
        FROM unnest(locked, xmaxes) AS before (id, xmax)
        JOIN unnest(given, new_members, remembered, marks) AS known (id, new_members, bound, mark) ON known.id = before.id
    )
    SELECT bounds.id, bounds.memberships, own_mark FROM bounds
    WHERE bounds.memberships + bounds.new_members < at_most;
END $$;
