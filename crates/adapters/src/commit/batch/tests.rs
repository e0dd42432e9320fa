//! Random batches of writes to groups and members, against the in-memory ports as a model.

mod steps;

use super::*;
use crate::{
    Database,
    commit::{
        lane::PendingWrite,
        write::{Attempt, Write},
    },
    memory::MemoryGroups,
    testing::{OPTIONS, migrated},
};
use futures_util::FutureExt;
use gochat_domain::{
    group::{Group, GroupId, GroupKey},
    limits::{Limit, Limits},
    ports::{GroupReader, MemberReader},
    user::UserId,
};
use gochat_test_support::{Backend, TestDatabase, run_case};
use steps::{Generator, Step, USERS};
use tokio::{runtime::Runtime, sync::oneshot};

/// Writes in a test, on each database and with each set of limits.
const STEPS: usize = 5_000;

/// Maximum number of writes in a batch.
const BATCH: usize = 40;

#[test]
fn random_batches_give_the_replies_and_the_rows_of_the_model() {
    run_case(Backend::ALL, |database| {
        check(&database, Limits::default());
        Ok(())
    });
}

#[test]
fn random_batches_under_limits_give_the_replies_and_the_rows_of_the_model() {
    let limits = Limits { groups: Limit(6), groups_per_administrator: Limit(2), members_per_group: Limit(3) };
    run_case(Backend::ALL, |database| {
        check(&database, limits);
        Ok(())
    });
}

/// PostgreSQL updates all rows by one statement, and its plan decides in which order. SQLite updates them one by one.
#[test]
fn random_batches_do_not_depend_on_the_plan_of_an_update() {
    run_case([Backend::Postgres], |database| {
        let name = database.rows("SELECT current_database()::text")?.concat().concat();
        for setting in ["enable_nestloop", "enable_mergejoin"] {
            database.execute(&format!("ALTER DATABASE {name} SET {setting} = off"))?;
        }
        check(&database, Limits::default());
        Ok(())
    });
}

fn check(database: &TestDatabase, limits: Limits) {
    let connector = migrated(database);
    let mut session = Session::open(&connector).unwrap();
    let reader = Reader::open(database);
    let model = MemoryGroups::with_limits(limits);
    let seed =
        std::env::var("GOCHAT_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("GOCHAT_TEST_SEED={seed} repeats this run");
    let mut generator = Generator::new(seed, limits);
    let mut steps_left = STEPS;
    while steps_left > 0 {
        let steps = generator.batch(steps_left.min(BATCH));
        steps_left -= steps.len();
        let is_concurrent = database.backend() == Backend::Postgres;
        let replies = commit(&mut session, &steps, is_concurrent);
        for position in order_of_execution(&steps, is_concurrent) {
            let (step, reply) = (&steps[position], &replies[position]);
            if let Some(id) = reply.created {
                // A refused create uses up an id on PostgreSQL.
                model.set_next_id(id);
            }
            assert_eq!(reply.text, step.run(&model), "{step:?} in {steps:#?}");
        }
        generator.groups = reader.assert_same(&model);
    }
}

/// The reply to a write.
struct Reply {
    text: String,
    /// The id of the group that the write has created.
    created: Option<GroupId>,
}

/// Receives a reply.
type Receive = Box<dyn FnOnce() -> Reply>;

/// Commits `steps` as a writer does, and returns their replies.
fn commit(session: &mut Session, steps: &[Step], is_concurrent: bool) -> Vec<Reply> {
    let mut batch = Batch::default();
    let replies: Vec<_> = steps.iter().map(|step| step.push(&mut batch)).collect();
    let changes = if is_concurrent { batch.split_off_changes() } else { None };
    for mut part in [Some(batch), changes].into_iter().flatten() {
        part.sort();
        for commit in Batch::commits(session, Attempt::First) {
            if !part.is_empty() {
                commit(&mut part, session, Attempt::First).unwrap().answer();
            }
        }
    }
    replies.into_iter().map(|reply| reply()).collect()
}

/// Adds a write to a batch.
fn push<W: Write>(batch: &mut Batch, write: W, created: fn(&W::Answer) -> Option<GroupId>) -> Receive
where
    Batch: HasLane<W>,
    W::Answer: std::fmt::Debug,
    W::Error: std::fmt::Debug,
{
    let (reply, mut answer) = oneshot::channel();
    batch.lane().push(PendingWrite { write, reply, _room: None });
    Box::new(move || {
        let answer = answer.try_recv().unwrap();
        Reply { created: answer.as_ref().ok().and_then(created), text: format!("{answer:?}") }
    })
}

/// The positions of `steps` in the order in which a batch executes them: lane after lane, each sorted.
fn order_of_execution(steps: &[Step], is_concurrent: bool) -> Vec<usize> {
    let has_creates = steps.iter().any(|step| matches!(step, Step::Create { .. }));
    let changes_last = is_concurrent && has_creates;
    let mut positions: Vec<_> = (0..steps.len()).collect();
    positions.sort_by_cached_key(|&position| {
        let step = &steps[position];
        let lane = match step {
            Step::Change { .. } if changes_last => 5,
            Step::Change { .. } => 0,
            Step::Create { .. } => 1,
            Step::Delete { .. } => 2,
            Step::Join(..) => 3,
            Step::Leave { .. } => 4,
        };
        (lane, step.sort_key())
    });
    positions
}

/// Reads what a batch has stored.
struct Reader {
    runtime: Runtime,
    groups: std::sync::Arc<dyn GroupReader>,
    members: std::sync::Arc<dyn MemberReader>,
}

impl Reader {
    fn open(database: &TestDatabase) -> Self {
        let connected = Database::connect(&database.url().parse().unwrap(), OPTIONS).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { runtime, groups: connected.group_reader(), members: connected.member_reader() }
    }

    /// Asserts that the database and the model have the same groups and members, and returns the ids of the groups.
    fn assert_same(&self, model: &MemoryGroups) -> Vec<GroupId> {
        let run = |future| self.runtime.block_on(future);
        let groups: Vec<Group> = run(self.groups.list(None, 1000)).unwrap();
        assert_eq!(groups, model.list(None, 1000).now_or_never().unwrap().unwrap());
        let ids: Vec<_> = groups.iter().map(|group| group.id).collect();
        for id in &ids {
            let key = GroupKey::Id(*id);
            let members = self.runtime.block_on(self.members.members(&key, None, 1000)).unwrap();
            assert_eq!(members, model.members(&key, None, 1000).now_or_never().unwrap().unwrap());
        }
        for user in USERS {
            let user = UserId::new(user).unwrap();
            assert_eq!(
                run(self.members.joined_groups(user, None, 1000)).unwrap(),
                model.joined_groups(user, None, 1000).now_or_never().unwrap().unwrap()
            );
            assert_eq!(
                run(self.members.administered_groups(user, None, 1000)).unwrap(),
                model.administered_groups(user, None, 1000).now_or_never().unwrap().unwrap()
            );
        }
        ids
    }
}
