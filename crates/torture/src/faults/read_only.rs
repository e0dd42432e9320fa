//! The file is read-only, and then it is not.

use super::{Fault, SQLITE};
use crate::{
    client::{Client, request},
    ledger::Ask,
    load,
    need::{Need, OTHER_USER},
    trial::Trial,
    wait::wait_for,
};
use gochat_test_support::Backend;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
};

pub struct ReadOnly;

/// Debian's user `nobody` and group `nogroup`.
const NOBODY: u32 = 65_534;

impl Fault for ReadOnly {
    fn name(&self) -> &'static str {
        "read-only"
    }

    fn about(&self) -> &'static str {
        "the server starts on a file of mode 0400: reads are served, creates are 503 until one chmod"
    }

    fn on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::OtherUser]
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.bare_home()?;
        chown(home.folder(), Some(NOBODY), Some(NOBODY))?;
        // Root may write to any file.
        let home = home.by(&[&["setpriv"], &OTHER_USER[..]].concat()).with_key()?;
        let mode = |mode| fs::set_permissions(home.file(), Permissions::from_mode(mode));
        while trial.next_round(20, 2) {
            let mut server = home.start()?;
            trial.under_load(&home, &[server.port], |load, _| load.more_created(10))?;
            server.terminate()?;
            mode(0o400)?;
            let mut server = home.start()?;
            let read = request("GET", "/v1/group?limit=1", &[("GoChat-Token", &home.key)], b"");
            let mut client = Client::of(server.port);
            let mut status = |bytes: &[u8]| client.send(bytes).map(|reply| reply.status).unwrap_or_default();
            let of_read = status(&read);
            trial.expect(of_read == 200, || format!("a read of a read-only file is {of_read}"));
            let name = format!("refused-{}", trial.rounds);
            let ask = Ask { name: name.clone(), token: "t".to_owned(), admin_id: 1, key: None };
            let of_create = status(&load::create(&home.key, &name, &ask));
            trial.expect(of_create == 503, || format!("a create in a read-only file is {of_create}"));
            let stored = home.stored()?.iter().any(|group| group.name == name);
            trial.expect(!stored, || "a create in a read-only file was stored".to_owned());
            mode(0o600)?;
            trial.under_load(&home, &[server.port], |load, _| load.more_created(10))?;
            let ready = request("GET", "/readyz", &[], b"");
            wait_for("the server is ready", || {
                let reply = Client::of(server.admin_port).send(&ready);
                Ok(reply.is_ok_and(|reply| reply.status == 200).then_some(()))
            })?;
            server.terminate()?;
            trial.check(&home)?;
        }
        trial.finish(&home)
    }
}
