//! The contract of `ApiKeyRepository`.

use crate::{Case, DatabaseCase, subject::Subject};
use gochat_domain::{
    auth::{ApiKey, IssuedKey, KeyId, KeyName, Scope, Scopes},
    clock::Timestamp,
};
use gochat_test_support::{Backend, TestDatabase, cases};
use sha2::{Digest, Sha256};

pub fn cases() -> Vec<Case> {
    cases![
        a_key_is_found_as_it_was_stored,
        a_key_that_was_never_issued_is_not_found,
        keys_are_listed_oldest_first,
        a_revoked_key_keeps_its_first_revocation_time,
    ]
}

pub fn database_cases() -> Vec<DatabaseCase> {
    cases![only_the_digest_of_a_key_is_stored]
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
    IssuedKey { id, name, scopes, created_at, expires_at: None, revoked_at: None }
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
