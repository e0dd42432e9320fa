//! Creates, changes and deletes of groups.

use super::{Dialect, Failure, Textbook, unknown};
use async_trait::async_trait;
use diesel::result::{DatabaseErrorKind, Error};
use gochat_domain::{
    clock::Timestamp,
    group::{Created, Expected, Group, GroupChange, GroupId, Idempotency, NewGroup},
    ports::{ChangeGroupError, CreateGroupError, DeleteGroupError, GroupRepository},
};

#[async_trait]
impl<C: Dialect> GroupRepository for Textbook<C> {
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        if idempotency.is_some() {
            return Err(unknown("the textbook systems do not support Idempotency-Key").into());
        }
        self.transact(move |connection| {
            let id = connection.insert(&group)?.ok_or(Failure(CreateGroupError::NameTaken))?;
            let group = group.with_id(GroupId::new(id).map_err(|error| Failure(unknown(error).into()))?);
            Ok(Created { group, replayed: false })
        })
        .await
    }

    async fn change(
        &self,
        id: GroupId,
        change: GroupChange,
        expected: Expected,
        moment: Timestamp,
    ) -> Result<Group, ChangeGroupError> {
        self.transact(move |connection| {
            let group = connection.lock(id)?.ok_or(Failure(ChangeGroupError::NotFound))?;
            let changed = group.apply(&change, &expected).map_err(|refused| Failure(refused.into()))?;
            connection.update(&changed).map_err(|error| match error {
                Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                    Failure(ChangeGroupError::NameTaken)
                }
                error => error.into(),
            })?;
            for member in group.memberships_of_hand_over(&changed, moment).into_iter().flatten() {
                connection.insert_member(&member)?;
            }
            Ok(changed)
        })
        .await
    }

    async fn delete(&self, id: GroupId, expected: Expected) -> Result<Group, DeleteGroupError> {
        self.transact(move |connection| {
            let group = connection.lock(id)?.ok_or(Failure(DeleteGroupError::NotFound))?;
            expected.check(group.version).map_err(|failed| Failure(failed.into()))?;
            connection.delete(id)?;
            Ok(group)
        })
        .await
    }
}
