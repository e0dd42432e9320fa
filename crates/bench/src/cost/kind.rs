//! The kinds of requests whose cost is counted.

use gochat_test_support::http::Request;
use std::fmt;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `POST /v1/group`.
    Create,
    /// `GET /v1/group/{id}`.
    Read,
    /// `POST /v1/member`.
    Join,
    /// `POST /v1/group` with an `Idempotency-Key` that was used before.
    Replay,
}

impl Kind {
    /// All kinds. A server creates groups before it is asked for the other kinds.
    pub const ALL: [Self; 4] = [Self::Create, Self::Read, Self::Join, Self::Replay];

    /// The request with this number. Each number makes a different create or join; reads and replays repeat after 64
    /// numbers.
    pub fn request(self, number: usize) -> Request {
        match self {
            Self::Create => create(number),
            Self::Read => Request::get(&format!("/v1/group/{}", group(number))),
            Self::Join => {
                let (group, user) = (group(number), 1_000_000 + number);
                let token = r#""token":"298fbgv479bv""#;
                Request::post("/v1/member", format!(r#"{{"group_id":{group},"user_id":{user},{token}}}"#))
            }
            // The numbers of one round differ, so no two replays of a batch have the same key.
            Self::Replay => {
                let number = 10_000_000 + group(number);
                create(number).header("Idempotency-Key", &format!("key-{number}"))
            }
        }
    }

    /// The status of the replies.
    pub const fn status(self) -> u16 {
        match self {
            Self::Create | Self::Join | Self::Replay => 201,
            Self::Read => 200,
        }
    }
}

/// The body of GoChat's public API documentation, with another name and administrator.
fn create(number: usize) -> Request {
    Request::create(format!(r#"{{"name":"group_{number}","token":"298fbgv479bv","admin_id":{number}}}"#))
}

/// The id of one of the 64 groups that the warm-up creates.
fn group(number: usize) -> usize {
    number % 64 + 1
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Read => "read by id",
            Self::Join => "join",
            Self::Replay => "replay",
        })
    }
}
