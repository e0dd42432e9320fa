//! The rules for fields: accepted values, rejected values and their codes.

use crate::app::App;
use gochat_test_support::{Case, TestDatabase, cases, http::Request};

pub fn cases() -> Vec<Case> {
    cases![
        a_name_follows_its_rules,
        a_token_follows_its_rules,
        an_admin_id_is_a_positive_integer,
        a_missing_field_is_reported,
    ]
}

/// Values as JSON, each with the stored text or the error.
type Table<'a> = Vec<(String, Result<String, &'a str>)>;

/// Sends each value in `field`, with the other fields valid. Checks the reply and the stored rows.
fn check(database: TestDatabase, field: &str, code: &str, table: Table<'_>) {
    let app = App::on(database);
    let column = ["name", "token", "admin_id"].iter().position(|known| *known == field).unwrap() + 2;
    for (number, (value, outcome)) in table.into_iter().enumerate() {
        let body: Vec<_> =
            [("name", format!("\"g{number}\"")), ("token", "\"t\"".into()), ("admin_id", "1".into())]
                .into_iter()
                .map(|(name, right)| format!(r#""{name}":{}"#, if name == field { &value } else { &right }))
                .collect();
        let stored = app.groups().len();
        let reply = Request::create(format!("{{{}}}", body.join(","))).send(app.port);
        match outcome {
            Ok(as_stored) => {
                assert_eq!(reply.status, 201, "{value}: {}", reply.body);
                assert_eq!(app.groups().last().unwrap()[column], as_stored, "{value}");
            }
            Err(error) => {
                reply.assert_error(422, code, Some(field), error);
                assert_eq!(app.groups().len(), stored, "{value}");
            }
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn a_name_follows_its_rules(database: TestDatabase) -> anyhow::Result<()> {
    let no_string = || Err("name must be a string");
    let long =
        |characters: &str, count: usize| (quoted(&characters.repeat(count)), Ok(characters.repeat(count)));
    check(
        database,
        "name",
        "invalid_name",
        vec![
            (quoted(""), Err("name must not be empty")),
            (quoted("x"), Ok("x".into())),
            long("x", 63),
            (quoted(&"x".repeat(64)), Err("name must have at most 63 characters")),
            long("\u{1d11e}", 63),
            (quoted(&"\u{1d11e}".repeat(64)), Err("name must have at most 63 characters")),
            (quoted(r"a\u0000b"), Err("name must not contain control characters")),
            (quoted(r"\ud800"), no_string()),
            (quoted(r"\ud834\udd1e!"), Ok("\u{1d11e}!".into())),
            (quoted(" a"), Err("name must not begin or end with white space")),
            (quoted("a\u{3000}"), Err("name must not begin or end with white space")),
            (quoted("a b"), Ok("a b".into())),
            (quoted(r"caf\u0065\u0301"), Ok("caf\u{e9}".into())),
            (quoted("Caf\u{e9}"), Ok("Caf\u{e9}".into())),
            // One row for each rule; the tests in crates/domain have every character.
            (quoted(r"\ud83f\udfff"), Err("name must not contain noncharacters")),
            (
                quoted("a\u{202e}b"),
                Err("name must not contain bidirectional embeddings, overrides or isolates"),
            ),
            (quoted("\u{200f}a\u{61c}"), Ok("\u{200f}a\u{61c}".into())),
            (quoted("\u{feff}a"), Err("name must not contain U+FEFF, the byte order mark")),
            (quoted("\u{200b}"), Err("name must contain a visible character")),
            (quoted("\u{646}\u{6cc}\u{200c}\u{62e}"), Ok("\u{646}\u{6cc}\u{200c}\u{62e}".into())),
            (quoted("\u{1f468}\u{200d}\u{1f469}\u{fe0f}"), Ok("\u{1f468}\u{200d}\u{1f469}\u{fe0f}".into())),
            (quoted("'; DROP TABLE groups; --"), Ok("'; DROP TABLE groups; --".into())),
            ("null".into(), no_string()),
            ("1".into(), no_string()),
            ("true".into(), no_string()),
            ("[]".into(), no_string()),
            (r#"{"a":1}"#.into(), no_string()),
        ],
    );
    Ok(())
}

fn a_token_follows_its_rules(database: TestDatabase) -> anyhow::Result<()> {
    let no_string = || Err("token must be a string");
    check(
        database,
        "token",
        "invalid_token",
        vec![
            (quoted(""), Err("token must not be empty")),
            ("null".into(), no_string()),
            ("7".into(), no_string()),
            (quoted("x"), Ok("x".into())),
            (quoted(&"x".repeat(63)), Ok("x".repeat(63))),
            (quoted(&"x".repeat(64)), Err("token must have at most 63 characters")),
            (quoted(r"a\tb"), Err("token must not contain control characters")),
            (quoted(r"\udfff"), no_string()),
            (quoted(" kept as it is "), Ok(" kept as it is ".into())),
            (quoted("e\u{301}"), Ok("e\u{301}".into())),
            (quoted(r#"\"\\\/"#), Ok(r#""\/"#.into())),
        ],
    );
    Ok(())
}

fn an_admin_id_is_a_positive_integer(database: TestDatabase) -> anyhow::Result<()> {
    let taken = [
        ("1", "1"),
        ("\"1\"", "1"),
        ("\"007\"", "7"),
        ("9223372036854775807", "9223372036854775807"),
        ("\"9223372036854775807\"", "9223372036854775807"),
    ];
    let refused = [
        "1.0",
        "1e3",
        "-1",
        "0",
        "-0",
        "\"0\"",
        "9223372036854775808",
        "99999999999999999999999",
        "1e999",
        "true",
        "null",
        "\" 1\"",
        "\"1 \"",
        "\"+1\"",
        "\"-1\"",
        "\"1.0\"",
        "\"\"",
        "\"x\"",
        "\"\u{661}\"",
        "[1]",
        "{}",
    ];
    let error = "admin_id must be an integer from 1 to 9223372036854775807";
    let taken = taken.map(|(value, stored)| (value.to_owned(), Ok(stored.to_owned())));
    let refused = refused.map(|value| (value.to_owned(), Err(error)));
    check(database, "admin_id", "invalid_admin_id", taken.into_iter().chain(refused).collect());
    Ok(())
}

fn a_missing_field_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let cases = [
        // If several fields are missing, the error names the first.
        ("{}", "invalid_name", "name", "name must be a string"),
        (r#"{"token":"t","admin_id":1}"#, "invalid_name", "name", "name must be a string"),
        (r#"{"name":"g","admin_id":1}"#, "invalid_token", "token", "token must be a string"),
        (
            r#"{"name":"g","token":"t"}"#,
            "invalid_admin_id",
            "admin_id",
            "admin_id must be an integer from 1 to 9223372036854775807",
        ),
    ];
    for (body, code, field, error) in cases {
        Request::create(body).send(app.port).assert_error(422, code, Some(field), error);
    }
    assert!(app.groups().is_empty());
    Ok(())
}
