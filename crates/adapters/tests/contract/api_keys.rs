//! The contract of `ApiKeyRepository`.

use crate::{
    Case, DatabaseCase,
    lanes::{Answer, assert_no_deadlock, done},
    subject::{OPTIONS, Subject, WRITERS},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use gochat_adapters::CommitOptions;
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId, KeyName, KeyUse, Scope, Scopes},
    clock::Timestamp,
};
use gochat_test_support::{Backend, TestDatabase, cases};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

pub fn cases() -> Vec<Case> {
    cases![
        a_key_is_found_as_it_was_stored,
        a_key_that_was_never_issued_is_not_found,
        keys_are_listed_oldest_first,
        keys_are_listed_in_descending_order_of_ids_by_pages,
        a_revoked_key_keeps_its_first_revocation_time,
        the_last_use_of_a_key_is_stored,
        an_earlier_use_never_replaces_a_later_one,
    ]
}

pub fn database_cases() -> Vec<DatabaseCase> {
    cases![only_the_digest_of_a_key_is_stored, an_earlier_use_of_another_instance_replaces_nothing]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![a_use_of_a_locked_key_is_returned_at_once, uses_and_revocations_on_two_instances_never_deadlock]
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_763_868_830_000_000 + micros).unwrap()
}

/// A new key with every scope.
pub fn new_key() -> IssuedKey {
    issued(at(1), Scopes::all())
}

fn issued(created_at: Timestamp, scopes: Scopes) -> IssuedKey {
    let id = KeyId(created_at.mint_uuid());
    let name = KeyName::parse("mobile app \u{1f4f1}").unwrap();
    IssuedKey { id, name, scopes, created_at, expires_at: None, revoked_at: None, last_used_at: None }
}

fn a_key_is_found_as_it_was_stored(subject: Subject) -> anyhow::Result<()> {
    let read_only = [Scope::GroupsRead].into_iter().collect();
    let permanent = issued(at(1), Scopes::all());
    let expiring = IssuedKey { expires_at: Some(at(123_456)), ..issued(at(2), read_only) };
    for issued in [permanent, expiring] {
        let key = ApiKey::mint()?;
        subject.run(subject.keys.insert(&key, &issued))?;
        assert_eq!(subject.run(subject.keys.find(&key))?, Some(issued));
    }
    Ok(())
}

fn a_key_that_was_never_issued_is_not_found(subject: Subject) -> anyhow::Result<()> {
    subject.run(subject.keys.insert(&ApiKey::mint()?, &issued(at(1), Scopes::all())))?;
    assert_eq!(subject.run(subject.keys.find(&ApiKey::mint()?))?, None);
    Ok(())
}

fn keys_are_listed_oldest_first(subject: Subject) -> anyhow::Result<()> {
    assert_eq!(subject.run(subject.keys.list())?, []);
    let keys = [issued(at(1), Scopes::all()), issued(at(2), Scopes::all()), issued(at(3), Scopes::all())];
    for position in [1, 2, 0] {
        subject.run(subject.keys.insert(&ApiKey::mint()?, &keys[position]))?;
    }
    assert_eq!(subject.run(subject.keys.list())?, keys);
    Ok(())
}

fn keys_are_listed_in_descending_order_of_ids_by_pages(subject: Subject) -> anyhow::Result<()> {
    let page = |before: KeyId, limit| -> anyhow::Result<Vec<KeyId>> {
        let keys = subject.run(subject.keys.list_before(before, limit))?;
        Ok(keys.into_iter().map(|key| key.id).collect())
    };
    assert_eq!(page(KeyId::OPERATOR, 10)?, []);
    // The order is that of all bits, the highest among them.
    let ids = [1, 2, u128::from(u64::MAX), 1 << 64, 1 << 127].map(|id| KeyId(Uuid::from_u128(id)));
    for position in [1, 4, 2, 0, 3] {
        let issued = IssuedKey { id: ids[position], ..issued(at(1), Scopes::all()) };
        subject.run(subject.keys.insert(&ApiKey::mint()?, &issued))?;
    }
    assert_eq!(page(KeyId::OPERATOR, 10)?, [ids[4], ids[3], ids[2], ids[1], ids[0]]);
    assert_eq!(page(KeyId::OPERATOR, 2)?, [ids[4], ids[3]]);
    assert_eq!(page(ids[3], 2)?, [ids[2], ids[1]]);
    assert_eq!(page(ids[1], 2)?, [ids[0]]);
    assert_eq!(page(ids[0], 2)?, []);
    let one = subject.run(subject.keys.list_before(ids[1], 1))?;
    assert_eq!(one, [IssuedKey { id: ids[0], ..issued(at(1), Scopes::all()) }]);
    Ok(())
}

fn a_revoked_key_keeps_its_first_revocation_time(subject: Subject) -> anyhow::Result<()> {
    let (key, revoked) = (ApiKey::mint()?, issued(at(1), Scopes::all()));
    let (other_key, other) = (ApiKey::mint()?, issued(at(2), Scopes::all()));
    subject.run(subject.keys.insert(&key, &revoked))?;
    subject.run(subject.keys.insert(&other_key, &other))?;
    assert!(subject.run(subject.keys.revoke(revoked.id, at(10)))?);
    assert!(subject.run(subject.keys.revoke(revoked.id, at(20)))?);
    assert!(!subject.run(subject.keys.revoke(KeyId(at(3).mint_uuid()), at(30)))?);
    let revoked = IssuedKey { revoked_at: Some(at(10)), ..revoked };
    assert_eq!(subject.run(subject.keys.find(&key))?, Some(revoked));
    assert_eq!(subject.run(subject.keys.find(&other_key))?, Some(other));
    Ok(())
}

fn only_the_digest_of_a_key_is_stored(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let key = ApiKey::mint()?;
    subject.run(subject.keys.insert(&key, &issued(at(1), Scopes::all())))?;
    let columns = match subject.database().backend() {
        Backend::Sqlite => "lower(hex(digest)), hex(id) || name || scopes || CAST(created_at AS TEXT)",
        Backend::Postgres => "encode(digest, 'hex'), api_keys::text",
    };
    let rows = subject.database().rows(&format!("SELECT {columns} FROM api_keys"))?;
    assert_eq!(rows.len(), 1);
    let hex = &rows[0][0];
    let stored: Vec<_> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16))
        .collect::<Result<_, _>>()?;
    assert_eq!(stored, Sha256::digest(key.expose()).to_vec());
    assert!(!rows[0][1].contains(&key.expose()[4..]));
    Ok(())
}

/// Stores keys that were issued one after another.
fn insert_keys(subject: &Subject, count: i64) -> anyhow::Result<Vec<IssuedKey>> {
    let keys: Vec<_> = (0..count).map(|number| issued(at(number), Scopes::all())).collect();
    for issued in &keys {
        subject.run(subject.keys.insert(&ApiKey::mint()?, issued))?;
    }
    Ok(keys)
}

/// The times of last use, in the order of [`insert_keys`].
fn last_uses(subject: &Subject) -> anyhow::Result<Vec<Option<Timestamp>>> {
    Ok(subject.run(subject.keys.list())?.iter().map(|issued| issued.last_used_at).collect())
}

fn the_last_use_of_a_key_is_stored(subject: Subject) -> anyhow::Result<()> {
    let key = ApiKey::mint()?;
    let issued_key = issued(at(-1), Scopes::all());
    subject.run(subject.keys.insert(&key, &issued_key))?;
    let others = insert_keys(&subject, 3)?;
    let unknown = KeyId(at(3).mint_uuid());
    let uses = [(issued_key.id, 10), (unknown, 20), (others[1].id, 30)]
        .map(|(id, micros)| KeyUse { id, at: at(micros) });
    assert_eq!(subject.run(subject.keys.record_uses(&uses))?, []);
    assert_eq!(last_uses(&subject)?, [Some(at(10)), None, Some(at(30)), None]);
    assert!(subject.run(subject.keys.revoke(issued_key.id, at(40)))?);
    let expected = IssuedKey { revoked_at: Some(at(40)), last_used_at: Some(at(10)), ..issued_key.clone() };
    assert_eq!(subject.run(subject.keys.find(&key))?, Some(expected));
    // The use of a key may be stored after its revocation.
    assert_eq!(subject.run(subject.keys.record_uses(&[KeyUse { id: issued_key.id, at: at(50) }]))?, []);
    let expected = IssuedKey { revoked_at: Some(at(40)), last_used_at: Some(at(50)), ..issued_key };
    assert_eq!(subject.run(subject.keys.find(&key))?, Some(expected));
    assert_eq!(subject.run(subject.keys.record_uses(&[]))?, []);
    Ok(())
}

fn an_earlier_use_never_replaces_a_later_one(subject: Subject) -> anyhow::Result<()> {
    let keys = insert_keys(&subject, 2)?;
    let uses = |moments: &[(usize, i64)]| -> Vec<KeyUse> {
        moments.iter().map(|(key, micros)| KeyUse { id: keys[*key].id, at: at(*micros) }).collect()
    };
    for (moments, expected) in [
        (&[(0, 20), (1, 20)][..], [20, 20]),
        (&[(0, 10), (1, 30)], [20, 30]),
        (&[(0, 20)], [20, 30]),
        // Of several uses in one call, the latest counts.
        (&[(0, 15), (0, 50), (0, 40)], [50, 30]),
    ] {
        assert_eq!(subject.run(subject.keys.record_uses(&uses(moments)))?, []);
        assert_eq!(last_uses(&subject)?, expected.map(|micros| Some(at(micros))));
    }
    // The writes may share a batch. If they do not, one may find the key locked by another, and must be repeated.
    let writes = [70, 90, 80].map(|micros| uses(&[(1, micros)]));
    let repeat = async |uses: &[KeyUse]| {
        while !subject.keys.record_uses(uses).await?.is_empty() {}
        anyhow::Ok(())
    };
    let answers = subject.run(join_all(writes.iter().map(|uses| repeat(uses))));
    answers.into_iter().collect::<anyhow::Result<Vec<()>>>()?;
    assert_eq!(last_uses(&subject)?, [Some(at(50)), Some(at(90))]);
    Ok(())
}

fn an_earlier_use_of_another_instance_replaces_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let another = subject.second_instance()?;
    let queue = another.start_queue(WRITERS)?;
    let key = insert_keys(&subject, 1)?.remove(0);
    let instances = [Arc::clone(&subject.keys), another.api_keys(&queue)];
    for (instance, micros) in [(0, 60), (1, 50), (1, 70), (0, 60)] {
        let uses = [KeyUse { id: key.id, at: at(micros) }];
        assert_eq!(subject.run(instances[instance].record_uses(&uses))?, []);
    }
    assert_eq!(last_uses(&subject)?, [Some(at(70))]);
    queue.close();
    Ok(())
}

fn a_use_of_a_locked_key_is_returned_at_once(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let keys = insert_keys(&subject, 3)?;
    let unknown = KeyId(at(3).mint_uuid());
    let uses: Vec<_> =
        keys.iter().map(|key| key.id).chain([unknown]).map(|id| KeyUse { id, at: at(60) }).collect();
    let mut lock = subject.database().plain_sql()?;
    lock.execute(&format!("BEGIN; SELECT * FROM api_keys WHERE id = '{}' FOR UPDATE", keys[1].id))?;
    assert_eq!(subject.run(subject.keys.record_uses(&uses))?, [keys[1].id]);
    assert_eq!(last_uses(&subject)?, [Some(at(60)), None, Some(at(60))]);
    lock.execute("ROLLBACK")?;
    assert_eq!(subject.run(subject.keys.record_uses(&uses))?, []);
    assert_eq!(last_uses(&subject)?, [Some(at(60)); 3]);
    Ok(())
}

fn uses_and_revocations_on_two_instances_never_deadlock(database: TestDatabase) -> anyhow::Result<()> {
    let options = CommitOptions { batch: 10, ..WRITERS };
    let mut first = Subject::with(database, OPTIONS, options)?;
    let another = first.second_instance()?;
    let other = another.start_queue(options)?;
    let instances = [Arc::clone(&first.keys), another.api_keys(&other)];
    let ids: Vec<_> = insert_keys(&first, 20)?.iter().map(|issued| issued.id).collect();
    for round in 0..10 {
        let writes = (0..200).map(|number| -> BoxFuture<'static, Answer> {
            let (keys, moment) = (Arc::clone(&instances[number % 2]), at(fastrand::i64(1..100)));
            if fastrand::bool() {
                let id = ids[fastrand::usize(..ids.len())];
                return async move { done(keys.revoke(id, moment).await) }.boxed();
            }
            let mut ids = ids.clone();
            fastrand::shuffle(&mut ids);
            let uses: Vec<_> = ids.iter().take(10).map(|id| KeyUse { id: *id, at: moment }).collect();
            async move { done(keys.record_uses(&uses).await) }.boxed()
        });
        let answers = first.run(join_all(writes));
        assert!(answers.iter().all(Result::is_ok), "round {round}: {answers:?}");
    }
    other.close();
    first.close();
    assert_no_deadlock(&first)
}
