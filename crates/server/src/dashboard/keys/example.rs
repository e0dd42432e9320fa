//! The command line that uses a new key.

use crate::listener::{ListenAddress, seen_from_here};
use gochat_domain::auth::{ApiKey, Scope, Scopes};

/// The arguments by which `curl` reaches the API: its URL. If the API listens on a Unix socket, the option
/// `--unix-socket` comes first.
#[derive(Clone)]
pub(crate) struct ApiUrl(String);

impl ApiUrl {
    /// The URL of the API on the public listener, as seen from this machine.
    pub(crate) fn of(address: &ListenAddress) -> Self {
        Self(match address {
            ListenAddress::Tcp(address) => format!("http://{}", seen_from_here(*address)),
            ListenAddress::Unix(path) => format!("--unix-socket '{path}' http://localhost"),
        })
    }

    /// Returns a command that `key`, which has these scopes, may run. It prefers one that changes nothing.
    pub(super) fn command(&self, key: &ApiKey, scopes: Scopes) -> String {
        let (Self(api), key) = (self, key.expose());
        let post = |path: &str, body: &str| {
            format!(
                "curl {api}{path} -H 'GoChat-Token: {key}' -H 'Content-Type: application/json' -d '{body}'"
            )
        };
        if scopes.contains(Scope::GroupsRead) {
            format!("curl {api}/v1/group -H 'GoChat-Token: {key}'")
        } else if scopes.contains(Scope::GroupsWrite) {
            post("/v1/group", r#"{"name":"group_1","token":"298fbgv479bv","admin_id":1}"#)
        } else {
            post("/v1/member", r#"{"group_id":1,"user_id":10,"token":"298fbgv479bv"}"#)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_one_that_the_scopes_permit() {
        let key = ApiKey::parse("gck_0").unwrap();
        let api = ApiUrl::of(&ListenAddress::Tcp("0.0.0.0:1213".parse().unwrap()));
        let command = |scopes: &[Scope]| api.command(&key, scopes.iter().copied().collect());
        let read = "curl http://127.0.0.1:1213/v1/group -H 'GoChat-Token: gck_0'";
        let json = "-H 'GoChat-Token: gck_0' -H 'Content-Type: application/json' -d";
        assert_eq!(command(&Scope::ALL), read);
        assert_eq!(
            command(&[Scope::GroupsWrite, Scope::MembersJoin]),
            format!(
                r#"curl http://127.0.0.1:1213/v1/group {json} '{{"name":"group_1","token":"298fbgv479bv","admin_id":1}}'"#
            )
        );
        let join = format!(
            r#"curl http://127.0.0.1:1213/v1/member {json} '{{"group_id":1,"user_id":10,"token":"298fbgv479bv"}}'"#
        );
        assert_eq!(command(&[Scope::MembersJoin]), join);
        assert_eq!(command(&[Scope::MembersWrite]), join);
        let unix = ApiUrl::of(&ListenAddress::Unix("/run/a b.sock".to_owned()));
        assert_eq!(
            unix.command(&key, Scopes::all()),
            "curl --unix-socket '/run/a b.sock' http://localhost/v1/group -H 'GoChat-Token: gck_0'"
        );
    }
}
