//! The error for a name that is taken.

use crate::http::error::ApiError;
use anyhow::Error;
use gochat_domain::{
    auth::Caller,
    group::{GroupKey, GroupName},
    service::GroupService,
};

/// Builds the error for this name. It has the id of the group with the name if the caller may read groups.
///
/// The id is omitted if the group no longer exists or the lookup fails.
pub(super) async fn error(groups: &GroupService, caller: Caller, name: Option<GroupName>) -> ApiError {
    let mut api_error = ApiError::group_name_taken(None);
    let (Ok(permit), Some(name)) = (caller.permit(), name) else { return api_error };
    match groups.find(permit, &GroupKey::Name(name)).await {
        Ok(found) => ApiError::group_name_taken(found.map(|group| group.id)),
        Err(error) => {
            api_error.cause = Some(Error::new(error).context("the group of that name cannot be looked up"));
            api_error
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        http::{
            app::{Services, app},
            testing::services,
        },
        settings::{Profile, Settings},
    };
    use actix_web::{
        http::StatusCode,
        test::{TestRequest, call_service, init_service, read_body_json},
    };
    use gochat_adapters::{DEVELOPMENT_KEY, memory::MemoryGroups};
    use gochat_domain::{
        clock::SystemClock,
        ports::{MockGroupReader, StorageError},
        service::GroupService,
    };
    use serde_json::{Value, json};
    use std::sync::Arc;

    /// Creates two groups of the same name, with a reader that expects only the lookup for the second.
    async fn create_twice(reader: MockGroupReader) -> [(StatusCode, Value); 2] {
        let groups = Arc::new(MemoryGroups::default());
        let groups = GroupService::new(groups, Arc::new(reader), Arc::new(SystemClock));
        let services = Services { groups, ..services() };
        let settings = Settings::load(Profile::Development, []).unwrap();
        let app = init_service(app(services, settings.http)).await;
        let create = async || {
            let request = TestRequest::post()
                .uri("/v1/group")
                .insert_header(("GoChat-Token", DEVELOPMENT_KEY))
                .set_json(json!({ "name": "g", "token": "t", "admin_id": 1 }));
            let response = call_service(&app, request.to_request()).await;
            (response.status(), read_body_json(response).await)
        };
        [create().await, create().await]
    }

    fn assert_second_is_refused_without_an_id([(first, _), (second, body)]: [(StatusCode, Value); 2]) {
        assert_eq!((first, second), (StatusCode::CREATED, StatusCode::CONFLICT));
        assert_eq!((&body["code"], body.get("group_id")), (&json!("group_name_taken"), None));
    }

    #[actix_web::test]
    async fn the_id_of_a_group_that_no_longer_exists_is_omitted() {
        let mut reader = MockGroupReader::new();
        reader.expect_find().once().returning(|_| Ok(None));
        assert_second_is_refused_without_an_id(create_twice(reader).await);
    }

    #[actix_web::test]
    async fn a_failed_lookup_only_omits_the_id() {
        let mut reader = MockGroupReader::new();
        let failure = |_: &_| Err(StorageError::Unavailable(anyhow::anyhow!("the database is away")));
        reader.expect_find().once().returning(failure);
        assert_second_is_refused_without_an_id(create_twice(reader).await);
    }
}
