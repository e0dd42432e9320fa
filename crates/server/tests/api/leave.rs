//! Leaving groups.

use crate::{
    app::App,
    keys::issue,
    one_group::{create, run_command},
    one_member::{assert_member, body, hand_over, join, joined_at, leave},
};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Reply, Request, send_at_once},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_leave_returns_the_membership_as_it_was_and_ends_it,
        the_command_of_the_public_documentation_ends_a_membership,
        a_user_who_left_may_join_again,
        a_membership_that_does_not_exist_is_404,
        the_administrator_cannot_leave,
        the_body_of_a_leave_is_ignored,
        leaving_needs_one_of_its_scopes,
        one_of_many_leaves_at_once_ends_the_membership,
    ]
}

#[track_caller]
fn assert_no_member(reply: &Reply) {
    reply.assert_error(404, "member_not_found", None, "the user is not a member of the group");
}

fn a_leave_returns_the_membership_as_it_was_and_ends_it(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    create(&app, "h");
    for (group, user) in [(1, 10), (1, 11), (2, 10)] {
        assert_eq!(join(group, user).send(app.port).status, 201);
    }
    let ended = body(1, 10, "member", &joined_at(&app, 1, 10));
    assert_member(&leave(1, 10).send(app.port), 200, &ended);
    assert_eq!(app.memberships(), [["1", "11"], ["2", "10"]]);
    assert_no_member(&leave(1, 10).send(app.port));
    assert_eq!(app.memberships(), [["1", "11"], ["2", "10"]]);
    Ok(())
}

fn the_command_of_the_public_documentation_ends_a_membership(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let joined = join(1, 10).send(app.port);
    let curl = r"curl --location --request DELETE 'localhost:1213/v1/member/1/10' \
      --header 'GoChat-Token: 433578ab-84c2-4e02-4656-de55a8097c9f'";
    assert_eq!(run_command(&app, curl), joined.body);
    assert!(app.memberships().is_empty());
    Ok(())
}

fn a_user_who_left_may_join_again(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let first = join(1, 10).send(app.port);
    assert_member(&leave(1, 10).send(app.port), 200, &first.body);
    let second = join(1, 10).send(app.port);
    assert_member(&second, 201, &body(1, 10, "member", &joined_at(&app, 1, 10)));
    assert!(second.json()["joined_at"].as_str() > first.json()["joined_at"].as_str());
    Ok(())
}

fn a_membership_that_does_not_exist_is_404(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    assert_eq!(join(1, 10).send(app.port).status, 201);
    for path in ["1/11", "2/10", "1/0", "0/10", "1/x", "x/10", "1/-10", "1/99999999999999999999", "+1/10"] {
        let request = Request::new("DELETE", &format!("/v1/member/{path}")).by(DEVELOPMENT_KEY);
        assert_no_member(&request.send(app.port));
    }
    for path in ["/v1/member/1", "/v1/member/1/", "/v1/member//10", "/v1/member/1/10/"] {
        Request::new("DELETE", path).by(DEVELOPMENT_KEY).send(app.port).assert_nothing_there();
    }
    assert_eq!(app.memberships(), [["1", "10"]]);
    Ok(())
}

fn the_administrator_cannot_leave(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let refused = |user| {
        let error = "the administrator cannot leave the group";
        leave(1, user).send(app.port).assert_error(409, "administrator_cannot_leave", None, error);
    };
    refused(1);
    assert_eq!(join(1, 10).send(app.port).status, 201);
    hand_over(&app, 1, 10);
    refused(10);
    assert_eq!(app.memberships(), [["1", "1"], ["1", "10"]]);
    let ended = body(1, 1, "member", &joined_at(&app, 1, 1));
    assert_member(&leave(1, 1).send(app.port), 200, &ended);
    assert_eq!(app.memberships(), [["1", "10"]]);
    Ok(())
}

fn the_body_of_a_leave_is_ignored(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let mut connection = Connection::open(app.port);
    for body in ["{}", "nonsense"] {
        let joined = join(1, 10).send(app.port);
        // The next request on this connection is still understood, unless the reply says that the connection closes.
        connection.write(&Request::json("DELETE", "/v1/member/1/10", body).bytes());
        assert_member(&connection.read_and_reopen(app.port), 200, &joined.body);
    }
    // Often answered before the body is read.
    for _ in 0..20 {
        connection.write(&Request::json("DELETE", "/v1/member/1/10", "nonsense").bytes());
        assert_eq!(connection.read_and_reopen(app.port).status, 404);
    }
    Ok(())
}

fn leaving_needs_one_of_its_scopes(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let joined = join(1, 10).send(app.port);
    for scope in [Scope::GroupsRead, Scope::GroupsWrite] {
        let (key, _) = issue(&app, scope, None);
        let reply = leave(1, 10).by(key.expose()).send(app.port);
        reply.assert_lacks_scope("members:join or members:write");
    }
    let reply = leave(1, 10).without("gochat-token").send(app.port);
    reply.assert_error(401, "unauthorized", None, "the API key is missing or not valid");
    assert_eq!(app.memberships(), [["1", "10"]]);
    let (join_key, _) = issue(&app, Scope::MembersJoin, None);
    assert_member(&leave(1, 10).by(join_key.expose()).send(app.port), 200, &joined.body);
    let joined = join(1, 10).send(app.port);
    let (write_key, _) = issue(&app, Scope::MembersWrite, None);
    assert_member(&leave(1, 10).by(write_key.expose()).send(app.port), 200, &joined.body);
    assert!(app.memberships().is_empty());
    Ok(())
}

fn one_of_many_leaves_at_once_ends_the_membership(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let joined = join(1, 10).send(app.port);
    let replies = send_at_once((0..100).map(|_| (app.port, leave(1, 10))));
    let (ended, none): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((ended.len(), none.len()), (1, 99));
    assert_member(ended[0], 200, &joined.body);
    none.into_iter().for_each(assert_no_member);
    assert!(app.memberships().is_empty());
    Ok(())
}
