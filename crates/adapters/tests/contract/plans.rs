//! Plans of statements. PostgreSQL may plan a statement while its tables are empty, and keep the plan as they grow, here for
//! about a second. And it does not know the values of the parameters: if most rows have the same value, it expects to find
//! many rows for any value.

use crate::{
    DatabaseCase,
    api_keys::new_key,
    lanes::one_of_each,
    subject::{NO_LIMITS, ONE_WRITER, OPTIONS, Subject},
};
use futures_util::future::join_all;
use gochat_adapters::{CommitOptions, DatabaseOptions};
use gochat_domain::{
    auth::{ApiKey, KeyId, KeyUse},
    clock::{Clock, SystemClock},
    group::{Expected, Group, GroupId, GroupKey, GroupName, GroupNamePrefix},
    limits::{Limit, Limits},
    member::NewMember,
    testing::{group_change, new_group},
    user::UserId,
};
use gochat_test_support::{TestDatabase, cases, deadline};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use uuid::Uuid;

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        plans_made_on_new_tables_read_no_whole_index,
        plans_made_on_new_tables_with_limits_read_no_whole_index,
        plans_made_on_tables_known_to_be_empty_read_no_whole_index,
        plans_made_on_tables_known_to_be_empty_with_limits_read_no_whole_index,
        plans_for_uneven_tables_read_no_whole_index,
        plans_for_uneven_tables_with_limits_read_no_whole_index,
        deletes_planned_without_memberships_read_no_whole_index,
    ]
}

/// Time for which a connection keeps a plan.
const PLAN_LIFETIME: Duration = Duration::from_secs(1);

/// The memberships that [`EVEN`] and [`UNEVEN`] add.
const FILLED: i64 = 200_000;

/// Many groups, of which the first has many members, and many keys of both kinds, of which some are old enough for a sweep.
const EVEN: &str = "
    INSERT INTO groups (uuid, name, token, admin_id, created_at)
        SELECT gen_random_uuid(), 'filled ' || number, 't', 1000 + number, now()
        FROM generate_series(1, 200000) AS number;
    INSERT INTO members (group_id, user_id, joined_at)
        SELECT 1, 1000 + number, now() FROM generate_series(1, 200000) AS number;
    INSERT INTO api_keys (id, digest, name, scopes, created_at)
        SELECT gen_random_uuid(), sha256(number::text::bytea), 'k', 'groups:read', now()
        FROM generate_series(1, 200000) AS number;
    INSERT INTO idempotency_keys (caller, key, fingerprint, group_uuid, created_at)
        SELECT gen_random_uuid(), number::text, sha256(''), gen_random_uuid(),
            now() - CASE WHEN number <= 40 THEN interval '2 hours' ELSE '0' END
        FROM generate_series(1, 200000) AS number";

/// As many rows, which PostgreSQL has counted: all groups have one administrator, half of the memberships are of the first
/// group and half of one user, and all Idempotency-Keys are of one caller.
const UNEVEN: &str = "
    INSERT INTO groups (uuid, name, token, admin_id, created_at)
        SELECT gen_random_uuid(), 'filled ' || number, 't', 9, now() FROM generate_series(1, 200000) AS number;
    INSERT INTO members (group_id, user_id, joined_at)
        SELECT 1, 1000 + number, now() FROM generate_series(1, 100000) AS number;
    INSERT INTO members (group_id, user_id, joined_at)
        SELECT 10 + number, 8, now() FROM generate_series(1, 100000) AS number;
    INSERT INTO api_keys (id, digest, name, scopes, created_at)
        SELECT gen_random_uuid(), sha256(number::text::bytea), 'k', 'groups:read', now()
        FROM generate_series(1, 200000) AS number;
    INSERT INTO idempotency_keys (caller, key, fingerprint, group_uuid, created_at)
        SELECT caller, gen_random_uuid()::text, sha256(''), gen_random_uuid(),
            now() - CASE WHEN number <= 40 THEN interval '2 hours' ELSE '0' END
        FROM (SELECT gen_random_uuid() AS caller) AS one, generate_series(1, 200000) AS number;
    ANALYZE groups, members, api_keys, idempotency_keys";

/// The smallest of the filled indexes has 549 blocks. The operations of a test read 310 of each at most.
const MANY_BLOCKS: i64 = 450;

fn plans_made_on_new_tables_read_no_whole_index(database: TestDatabase) -> anyhow::Result<()> {
    assert_reads_are_short(database, NO_LIMITS, None, EVEN)
}

fn plans_made_on_new_tables_with_limits_read_no_whole_index(database: TestDatabase) -> anyhow::Result<()> {
    assert_reads_are_short(database, LIMITS, None, EVEN)
}

fn plans_made_on_tables_known_to_be_empty_read_no_whole_index(database: TestDatabase) -> anyhow::Result<()> {
    assert_reads_are_short(database, NO_LIMITS, Some(KNOW_EMPTY), EVEN)
}

fn plans_made_on_tables_known_to_be_empty_with_limits_read_no_whole_index(
    database: TestDatabase,
) -> anyhow::Result<()> {
    assert_reads_are_short(database, LIMITS, Some(KNOW_EMPTY), EVEN)
}

fn plans_for_uneven_tables_read_no_whole_index(database: TestDatabase) -> anyhow::Result<()> {
    assert_reads_are_short(database, NO_LIMITS, None, UNEVEN)
}

fn plans_for_uneven_tables_with_limits_read_no_whole_index(database: TestDatabase) -> anyhow::Result<()> {
    assert_reads_are_short(database, LIMITS, None, UNEVEN)
}

/// After this, PostgreSQL knows that the tables are empty. For new ones it assumes some rows.
const KNOW_EMPTY: &str = "VACUUM (ANALYZE) groups, members, api_keys, idempotency_keys";

const LIMITS: Limits = Limits {
    groups: Limit(1_000_000),
    groups_per_administrator: Limit(1_000),
    members_per_group: Limit(100),
};

/// Runs each operation while the tables have no rows or few, and again when they have many, on the same connections and on
/// new ones.
fn assert_reads_are_short(
    database: TestDatabase,
    limits: Limits,
    prepare: Option<&str>,
    fill: &str,
) -> anyhow::Result<()> {
    let one_reader = DatabaseOptions { pool_size: 1, ..OPTIONS };
    let subject = Subject::with(database, one_reader, CommitOptions { limits, ..ONE_WRITER })?;
    if let Some(sql) = prepare {
        subject.database().execute(sql)?;
    }
    let missing = [
        GroupKey::Id(GroupId::new(1)?),
        GroupKey::Uuid(Uuid::now_v7()),
        GroupKey::Name(GroupName::parse("missing")?),
    ];
    let first = GroupId::new(1)?;
    assert!(read_each(&subject, [first, first], &missing)?.iter().all(Option::is_none));
    run_each_operation(&subject, "before")?;
    subject.database().execute(fill)?;
    let filled_at = Instant::now();
    // Then each connection is pinged before its next use, which discards its plans.
    let filled = deadline::eventually("the report of the inserts, and the next ping", || {
        let blocks = blocks_read(subject.database()).unwrap();
        (blocks["members_pkey"] >= FILLED && filled_at.elapsed() > PLAN_LIFETIME).then_some(blocks)
    });
    let read_by = |prefix: &str| {
        run_each_operation(&subject, prefix)?;
        subject.end_connections()?;
        blocks_read(subject.database())
    };
    let (old_connections, new_connections) = (read_by("old-connections")?, read_by("new-connections")?);
    let mut read: Vec<_> = filled
        .into_iter()
        .map(|(name, before)| {
            let after = old_connections[&name];
            (name.clone(), [after - before, new_connections[&name] - after])
        })
        .collect();
    read.retain(|(_, blocks)| blocks.iter().any(|blocks| *blocks >= MANY_BLOCKS));
    assert!(read.is_empty(), "too many blocks: {read:?}");
    Ok(())
}

/// The blocks of each table and index that sessions have read. A session reports them when it ends.
fn blocks_read(database: &TestDatabase) -> anyhow::Result<BTreeMap<String, i64>> {
    let rows = database.rows(
        "SELECT relname, coalesce(heap_blks_read + heap_blks_hit, 0)::text FROM pg_statio_user_tables
         UNION ALL SELECT indexrelname, coalesce(idx_blks_read + idx_blks_hit, 0)::text FROM pg_statio_user_indexes",
    )?;
    rows.into_iter().map(|row| Ok((row[0].clone(), row[1].parse()?))).collect()
}

/// PostgreSQL could look for the memberships of a group in the whole index by user.
fn deletes_planned_without_memberships_read_no_whole_index(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    subject.database().execute("VACUUM (ANALYZE) members")?;
    let create_and_delete = || {
        let created = subject.create(new_group("g"))?;
        subject.run(subject.groups.delete(created.id, Expected::Any))?;
        anyhow::Ok(())
    };
    for _ in 0..8 {
        create_and_delete()?;
    }
    subject.database().execute(
        "INSERT INTO members (group_id, user_id, joined_at)
         SELECT 1000 + number, number, now() FROM generate_series(1, 20000) AS number",
    )?;
    let blocks = || anyhow::Ok(blocks_read(subject.database())?["members_user_id"]);
    // Each new row reads a block or more.
    let before =
        deadline::eventually("the report of the insert", || blocks().ok().filter(|blocks| *blocks >= 20_000));
    create_and_delete()?;
    subject.end_connections()?;
    assert!(blocks()? - before < 20);
    Ok(())
}

/// Runs each kind of write and of read. The names of groups begin with `prefix`.
fn run_each_operation(subject: &Subject, prefix: &str) -> anyhow::Result<()> {
    let alone = new_group(&format!("{prefix} alone"));
    let uuid = alone.uuid;
    let id = subject.create(alone)?.id;
    let first = GroupId::new(1)?;
    for group_id in [id, first] {
        let new = NewMember { group_id, user_id: UserId::new(7)?, token: None, joined_at: SystemClock.now() };
        // A limit may refuse another member of the first group.
        let _joined = subject.run(subject.members.join(new));
    }
    let old = subject.create(new_group(&format!("{prefix} old")))?;
    let rename = group_change(Some(&format!("{prefix} renamed")), None, None);
    subject.run(subject.groups.change(old.id, rename, Expected::Any, SystemClock.now()))?;
    let answers = subject.run(join_all(one_of_each(subject, prefix)));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let keys = [
        GroupKey::Id(id),
        GroupKey::Uuid(uuid),
        GroupKey::Name(GroupName::parse(format!("{prefix} alone"))?),
    ];
    assert!(read_each(subject, [first, id], &keys)?.iter().all(Option::is_some));
    let (key, issued) = (ApiKey::mint()?, new_key());
    subject.run(subject.keys.insert(&key, &issued))?;
    let uses = [issued.id, KeyId::OPERATOR].map(|id| KeyUse { id, at: SystemClock.now() });
    assert_eq!(subject.run(subject.keys.record_uses(&uses))?, []);
    assert!(subject.run(subject.keys.revoke(issued.id, SystemClock.now()))?);
    assert!(
        subject.run(subject.keys.find(&key))?.is_some_and(|found| found.last_used_at == Some(uses[0].at))
    );
    subject.run(subject.keys.list_before(issued.id, 10))?;
    Ok(())
}

/// Runs each kind of read of groups and members. Returns what the look-ups found.
fn read_each(
    subject: &Subject,
    groups: [GroupId; 2],
    keys: &[GroupKey],
) -> anyhow::Result<Vec<Option<Group>>> {
    let mut found = Vec::new();
    for key in keys {
        found.push(subject.run(subject.reader.find(key))?);
        // Look-ups that wait together are one statement.
        let together = join_all((0..20).map(|_| subject.reader.find(key)));
        found.extend(subject.run(together).into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    let filled = GroupNamePrefix::parse("filled")?;
    for after in [None, Some(GroupName::parse("filled 5000")?)] {
        subject.run(subject.reader.list_by_name(&filled, after, 10))?;
    }
    let members = &subject.member_reader;
    for group in groups {
        subject.run(members.members(&GroupKey::Id(group), Some(UserId::new(7)?), 10))?;
    }
    let [first, _] = groups;
    subject.run(subject.reader.list(Some(first), 10))?;
    subject.run(members.all_members(Some((first, UserId::new(7)?)), 5))?;
    for user in [7, 8, 9] {
        for after in [None, Some(GroupId::new(70_000)?)] {
            subject.run(members.joined_groups(UserId::new(user)?, after, 2))?;
            subject.run(members.administered_groups(UserId::new(user)?, after, 2))?;
        }
    }
    Ok(found)
}
