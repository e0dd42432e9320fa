//! Plans of statements. PostgreSQL may plan a statement while its tables are empty, and keep the plan as they grow.

use crate::{
    DatabaseCase,
    api_keys::new_key,
    lanes::one_of_each,
    subject::{NO_LIMITS, ONE_WRITER, OPTIONS, Subject},
};
use futures_util::future::join_all;
use gochat_adapters::CommitOptions;
use gochat_domain::{
    auth::{ApiKey, KeyId, KeyUse},
    clock::{Clock, SystemClock},
    group::{Expected, GroupId, GroupKey, GroupName, GroupNamePrefix},
    limits::{Limit, Limits},
    member::NewMember,
    testing::{group_change, new_group},
    user::UserId,
};
use gochat_test_support::{TestDatabase, cases, deadline};

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        statements_planned_on_empty_tables_read_no_whole_table,
        statements_with_limits_planned_on_empty_tables_read_no_whole_table,
        deletes_planned_without_memberships_read_no_whole_index,
    ]
}

/// Many groups, of which the first has many members, and many keys.
const FILL: &str = "
    INSERT INTO groups (uuid, name, token, admin_id, created_at)
        SELECT gen_random_uuid(), 'filled ' || number, 't', 1000 + number, now()
        FROM generate_series(1, 10000) AS number;
    INSERT INTO members (group_id, user_id, joined_at)
        SELECT 1, 1000 + number, now() FROM generate_series(1, 10000) AS number;
    INSERT INTO api_keys (id, digest, name, scopes, created_at)
        SELECT gen_random_uuid(), sha256(number::text::bytea), 'k', 'groups:read', now()
        FROM generate_series(1, 10000) AS number";

/// The tables and indexes from which ended sessions have read many rows or entries, each with the number read.
const MUCH_READ: &str = "
    SELECT name, read::text FROM (
        SELECT relname AS name, seq_tup_read AS read FROM pg_stat_user_tables
        UNION ALL SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes
    ) AS reads WHERE read >= 5000";

/// A session reports at its end what it has read.
const END_OTHER_SESSIONS: &str = "
    SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

fn statements_planned_on_empty_tables_read_no_whole_table(database: TestDatabase) -> anyhow::Result<()> {
    assert_reads_are_short(database, NO_LIMITS)
}

fn statements_with_limits_planned_on_empty_tables_read_no_whole_table(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let limits = Limits {
        groups: Limit(1_000_000),
        groups_per_administrator: Limit(1_000),
        members_per_group: Limit(100),
    };
    assert_reads_are_short(database, limits)
}

fn assert_reads_are_short(database: TestDatabase, limits: Limits) -> anyhow::Result<()> {
    let mut subject = Subject::with(database, OPTIONS, CommitOptions { limits, ..ONE_WRITER })?;
    subject.database().execute("VACUUM (ANALYZE) groups, members, api_keys")?;
    // PostgreSQL keeps a plan after five executions.
    for round in 0..8 {
        run_each_operation(&subject, &format!("before-{round}"))?;
    }
    subject.database().execute(FILL)?;
    run_each_operation(&subject, "after")?;
    subject.close();
    deadline::eventually("the end of the other sessions", || {
        subject.database().rows(END_OTHER_SESSIONS).unwrap().is_empty().then_some(())
    });
    assert_eq!(subject.database().rows(MUCH_READ)?, Vec::<Vec<String>>::new());
    Ok(())
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
    let blocks = "SELECT idx_blks_read + idx_blks_hit FROM pg_statio_user_indexes WHERE indexrelname = 'members_user_id'";
    let blocks = || -> anyhow::Result<i64> {
        Ok(subject.database().rows(&format!("SELECT ({blocks})::text"))?.concat().concat().parse()?)
    };
    // Each new row reads a block or more. The session reports what it has read when it ends.
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
    let (first, user_id) = (GroupId::new(1)?, UserId::new(7)?);
    for group_id in [id, first] {
        let new = NewMember { group_id, user_id, token: None, joined_at: SystemClock.now() };
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
    for key in &keys {
        assert!(subject.run(subject.reader.find(key))?.is_some());
        // Look-ups that wait together are one statement.
        let found = subject.run(join_all((0..20).map(|_| subject.reader.find(key))));
        assert!(found.iter().all(|found| matches!(found, Ok(Some(_)))), "{found:?}");
    }
    subject.run(subject.reader.list(Some(first), 10))?;
    let filled = GroupNamePrefix::parse("filled")?;
    for after in [None, Some(GroupName::parse("filled 5000")?)] {
        subject.run(subject.reader.list_by_name(&filled, after, 10))?;
    }
    let (key, issued) = (ApiKey::mint()?, new_key());
    subject.run(subject.keys.insert(&key, &issued))?;
    let uses = [issued.id, KeyId::OPERATOR].map(|id| KeyUse { id, at: SystemClock.now() });
    assert_eq!(subject.run(subject.keys.record_uses(&uses))?, []);
    assert!(subject.run(subject.keys.revoke(issued.id, SystemClock.now()))?);
    assert!(
        subject.run(subject.keys.find(&key))?.is_some_and(|found| found.last_used_at == Some(uses[0].at))
    );
    subject.run(subject.keys.list_before(issued.id, 10))?;
    let members = &subject.member_reader;
    subject.run(members.members(&GroupKey::Id(first), Some(user_id), 10))?;
    subject.run(members.all_members(Some((first, user_id)), 10))?;
    subject.run(members.joined_groups(user_id, None, 10))?;
    subject.run(members.administered_groups(user_id, None, 10))?;
    Ok(())
}
