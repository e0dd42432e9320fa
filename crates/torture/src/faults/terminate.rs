//! The server is told to stop.

use super::Fault;
use crate::trial::Trial;

pub struct Terminate;

impl Fault for Terminate {
    fn name(&self) -> &'static str {
        "terminate"
    }

    fn about(&self) -> &'static str {
        "SIGTERM of the server under load; it ends with 0, and the next one goes on"
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.home()?;
        let mut server = home.start()?;
        while trial.next_round(50, 5) {
            let [before, after] = [trial.rng.u64(1..150), trial.rng.u64(1..50)];
            let ports = [server.port, server.admin_port];
            server = trial.under_load(&home, &ports[..1], |load, trial| {
                load.more_created(before)?;
                let code = server.terminate()?;
                trial.expect(code == Some(0), || format!("it ended with {code:?}: {}", server.last_lines()));
                let server = home.launch().spawn(ports)?.listens()?;
                load.more_created(after)?;
                Ok(server)
            })?;
            trial.check(&home)?;
        }
        server.terminate()?;
        trial.finish(&home)
    }
}
