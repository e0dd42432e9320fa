//! The file is read-only for a while.

use super::{Fault, SQLITE};
use crate::{
    client::{Client, request},
    requirement::{NOBODY, OTHER_USER, Requirement},
    trial::Trial,
    wait::wait_for,
};
use gochat_test_support::Backend;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
};

pub struct ReadOnly;

impl Fault for ReadOnly {
    fn name(&self) -> &'static str {
        "read-only"
    }

    fn about(&self) -> &'static str {
        "the server starts on a file of mode 0400: reads are served, creates are answered 503 until a chmod makes it writable"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::OtherUser]
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.bare_deployment()?;
        chown(deployment.folder(), Some(NOBODY), Some(NOBODY))?;
        // Root may write to any file, so the server runs as another user.
        let deployment = deployment.wrapped_by(&[&["setpriv"], &OTHER_USER[..]].concat()).with_key()?;
        let mode = |mode| fs::set_permissions(deployment.file(), Permissions::from_mode(mode));
        let read = request("GET", "/v1/group?limit=1", &[("GoChat-Token", &deployment.key)], b"");
        let ready = request("GET", "/readyz", &[], b"");
        while trial.next_round(20, 2) {
            let mut server = deployment.start()?;
            trial.under_load(&deployment, &[server.port], |load, _| load.wait_for_creates(10))?;
            server.terminate()?;
            mode(0o400)?;
            let mut server = deployment.start()?;
            trial.under_load(&deployment, &[server.port], |load, trial| {
                load.expect_nothing_stored(true);
                load.wait_for_503s(trial.rng.u64(1..30))?;
                let reply = Client::new(server.port).send(&read);
                let is_read = reply.as_ref().is_ok_and(|reply| reply.status == 200);
                trial.expect(is_read, || format!("a read of a read-only file: {reply:?}"));
                trial.tally.requests += 1;
                trial.tally.read += 1;
                load.expect_nothing_stored(false);
                mode(0o600)?;
                load.wait_for_creates(10)
            })?;
            wait_for("the server to be ready", || {
                let reply = Client::new(server.admin_port).send(&ready);
                Ok(reply.is_ok_and(|reply| reply.status == 200).then_some(()))
            })?;
            server.terminate()?;
            trial.check(&deployment)?;
        }
        trial.finish(&deployment)
    }
}
