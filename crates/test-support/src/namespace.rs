//! A simulated machine that can vanish from the network.

use crate::supervisor::Supervisor;
use anyhow::Context;
use std::{
    hash::{BuildHasher, RandomState},
    net::Ipv4Addr,
    process::Command,
};

/// A network namespace, connected by a veth pair, which acts as another machine. It is removed when this value is
/// dropped, also by a panic, and when this process is killed.
///
/// Needs root: see [`Need::Namespace`](crate::Need::Namespace).
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Cluster, Namespace};
///
/// let machine = Namespace::new()?;
/// let cluster = Cluster::with(Cluster::FAST).within(&machine).start()?;
/// let database = cluster.database()?;
/// machine.cut()?;
/// // From now on all packets are dropped, including the end of connections.
/// machine.restore()?;
/// database.execute("SELECT 1")?;
/// # anyhow::Ok(())
/// ```
pub struct Namespace {
    supervisor: Supervisor,
    name: String,
    address: Ipv4Addr,
}

const SCRIPT: &str = include_str!("namespace/supervisor.sh");

/// The first address of the first network. Each network has four addresses.
const FIRST: u32 = Ipv4Addr::new(10, 213, 0, 0).to_bits();
/// The number of networks.
const COUNT: u64 = 1 << 14;

/// Number of networks to try, as another process may use one.
const ATTEMPTS: u32 = 5;

impl Namespace {
    /// Creates a namespace, connected to this one.
    pub fn new() -> anyhow::Result<Self> {
        let mut attempt = Self::attempt();
        for _ in 1..ATTEMPTS {
            attempt = attempt.or_else(|_| Self::attempt());
        }
        attempt.context("cannot create a network namespace (Debian: apt-get install iproute2, and be root)")
    }

    fn attempt() -> anyhow::Result<Self> {
        let number = (RandomState::new().hash_one(()) % COUNT) as u32;
        let [here, there] = [1, 2].map(|host| Ipv4Addr::from_bits(FIRST + 4 * number + host));
        let name = format!("gochat-{number}");
        let supervisor =
            Supervisor::start(Command::new("sh"), SCRIPT, &[&name, &here.to_string(), &there.to_string()])?;
        supervisor.ask("make")?;
        Ok(Self { supervisor, name, address: there })
    }

    /// The name, as in `ip netns`; the veth interface on this side has the same name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of the machine.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Drops every packet in both directions from now on, without FIN, RST or ICMP.
    pub fn cut(&self) -> anyhow::Result<()> {
        self.supervisor.ask("cut")
    }

    /// Restores the connection. TCP then retransmits the lost packets.
    pub fn restore(&self) -> anyhow::Result<()> {
        self.supervisor.ask("restore")
    }

    /// Wraps a command to run in the namespace.
    pub(crate) fn enter(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.name]).arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }
}
