//! The server is killed.

use super::Fault;
use crate::trial::Trial;

pub struct Kill;

impl Fault for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn about(&self) -> &'static str {
        "SIGKILL of the server under load; the next one goes on"
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.home()?;
        let mut server = home.start()?;
        while trial.next_round(50, 5) {
            let [before, after] = [trial.rng.u64(1..150), trial.rng.u64(1..50)];
            let ports = [server.port, server.admin_port];
            server = trial.under_load(&home, &ports[..1], |load, _| {
                load.more_created(before)?;
                server.kill()?;
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
