//! The server is killed or terminated.

use super::Fault;
use crate::{server::Server, trial::Trial};

pub struct Kill;

pub struct Terminate;

impl Fault for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn about(&self) -> &'static str {
        "SIGKILL of the server under load; the next one takes over"
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, |_, server| server.kill())
    }
}

impl Fault for Terminate {
    fn name(&self) -> &'static str {
        "terminate"
    }

    fn about(&self) -> &'static str {
        "SIGTERM of the server under load; it ends with 0, and the next one takes over"
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, |trial, server| {
            let code = server.terminate()?;
            trial
                .expect(code == Some(0), || format!("the server ended with {code:?}: {}", server.log_tail()));
            Ok(())
        })
    }
}

fn run(trial: &mut Trial, end: impl Fn(&Trial, &mut Server) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let deployment = trial.deployment()?;
    super::rounds(trial, &deployment, [50, 5], |_, trial, server| {
        let ports = [server.port, server.admin_port];
        end(trial, server)?;
        *server = deployment.launch().spawn(ports)?.wait_until_live()?;
        Ok(())
    })
}
