//! Runs the faults that the command line asks for.

use crate::{
    cleanup,
    cli::Cli,
    faults::{self, Fault},
    need::{DESCRIPTORS, Need},
    page,
    report::{Line, Report},
    trial::Trial,
};
use anyhow::{Context, anyhow, bail, ensure};
use gochat_test_support::{Backend, Cluster};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    env,
    hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState},
    io::{Write, stdout},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// All the time that the short form has.
const SHORT: Duration = Duration::from_secs(300);

/// What of it is kept for the end of the last fault, and for the report.
const RESERVE: Duration = Duration::from_secs(10);

/// What all trials share.
pub struct Tools {
    pub program: PathBuf,
    pub is_short: bool,
    /// The folder of all folders.
    pub base: TempDir,
    cluster: OnceLock<Result<Cluster, String>>,
}

impl Tools {
    /// The cluster that the trials share that do not hurt it.
    pub fn cluster(&self) -> anyhow::Result<&Cluster> {
        let start = || Cluster::start(Cluster::DURABLE).map_err(|error| format!("{error:#}"));
        self.cluster.get_or_init(start).as_ref().map_err(|error| anyhow!("{error}"))
    }
}

/// Prints the faults.
pub fn list() -> anyhow::Result<bool> {
    let mut out = stdout().lock();
    for fault in faults::all() {
        let backends: Vec<_> = fault.on().iter().map(ToString::to_string).collect();
        let needs: Vec<_> = fault.needs().iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!(" (needs {})", needs.join(", ")) };
        writeln!(out, "{:<18} {:<16} {}{needs}", fault.name(), backends.join(", "), fault.about())?;
    }
    Ok(true)
}

/// Runs the faults; false if anything was wrong.
pub fn run(cli: &Cli) -> anyhow::Result<bool> {
    let started_at = Instant::now();
    let chosen = choose(&cli.only)?;
    let seed = cli.seed.unwrap_or_else(|| RandomState::new().hash_one(()) % 1_000_000_000);
    let program = match &cli.program {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => env::current_exe()?.with_file_name("gochat"),
    };
    ensure!(program.is_file(), "{} is missing: cargo build --release --package gochat", program.display());
    allow_descriptors();
    let base = tempfile::Builder::new().prefix("gochat-torture-").tempdir()?;
    // Servers that run as another user pass through it.
    std::fs::set_permissions(base.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    cleanup::start(base.path())?;
    let tools = Arc::new(Tools { program, is_short: cli.short, base, cluster: OnceLock::new() });
    let form = if cli.short { "the short form" } else { "the long form" };
    println(&format!("seed {seed}, {form}; again by --seed {seed}"))?;

    let mut report = Report::new(seed, cli.short);
    let runs = |fault: &dyn Fault, backend| !cli.short || fault.short_on().contains(&backend);
    let mut left = chosen.iter().filter(|(fault, backend)| runs(*fault, *backend)).count();
    let end = cli.short.then(|| started_at + SHORT.saturating_sub(RESERVE));
    for (fault, backend) in chosen {
        let line = one(fault, backend, seed, &tools, share(end, left));
        left -= usize::from(runs(fault, backend));
        println(&line.to_string())?;
        report.lines.push(line);
    }
    report.took = started_at.elapsed();
    println(&report.summary())?;
    if cli.write {
        page::write(&report)?;
    }
    let is_well = report.is_well();
    Ok(is_well)
}

/// When the next of so many trials has to end, and the latest time for it.
fn share(end: Option<Instant>, left: usize) -> Option<(Instant, Instant)> {
    let end = end?;
    let now = Instant::now();
    let left = u32::try_from(left).unwrap_or(1).max(1);
    Some((now + end.saturating_duration_since(now) / left, end))
}

fn println(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(stdout().lock(), "{line}")?)
}

/// The faults that were asked for, each with a database.
fn choose(only: &[String]) -> anyhow::Result<Vec<(&'static dyn Fault, Backend)>> {
    let all: Vec<_> =
        faults::all().iter().flat_map(|fault| fault.on().iter().map(|backend| (*fault, *backend))).collect();
    let is = |(fault, backend): &(&dyn Fault, Backend), name: &str| {
        name == fault.name() || name == format!("{backend}::{}", fault.name()) || name == backend.to_string()
    };
    for name in only {
        if !all.iter().any(|trial| is(trial, name)) {
            bail!("there is no fault {name}; --list names them");
        }
    }
    Ok(all.into_iter().filter(|trial| only.is_empty() || only.iter().any(|name| is(trial, name))).collect())
}

/// Runs one trial in a thread of its own, so that the clock can end it.
fn one(
    fault: &'static dyn Fault,
    backend: Backend,
    seed: u64,
    tools: &Arc<Tools>,
    time: Option<(Instant, Instant)>,
) -> Line {
    let name = format!("{backend}::{}", fault.name());
    let mut line = Line::new(name.clone(), fault.about());
    let database = (backend == Backend::Postgres).then_some(Need::Postgres);
    for need in database.iter().chain(fault.needs()) {
        if let Err(error) = need.check() {
            let reason = format!("{error:#}");
            if need.is_required() {
                line.wrong.push(format!("{need} is required: {reason}"));
            }
            line.left_out = Some(reason);
            return line;
        }
    }
    if tools.is_short && !fault.short_on().contains(&backend) {
        line.left_out = Some("on this database in the long form alone".to_owned());
        return line;
    }
    if let Some((_, end)) = time
        && end.saturating_duration_since(Instant::now()) < fault.least()
    {
        line.left_out = Some("no time was left".to_owned());
        return line;
    }
    let started_at = Instant::now();
    let mut hasher = DefaultHasher::new();
    (seed, &name).hash(&mut hasher);
    let mut trial = Trial::new(backend, hasher.finish(), Arc::clone(tools), time.map(|(until, _)| until));
    let (sender, receiver) = mpsc::channel();
    let spawned = thread::Builder::new().name(name).spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| fault.run(&mut trial)));
        // The clock may have ended it.
        let _sent = sender.send((trial, result.map_err(|panic| text(&panic))));
    });
    let outcome = match (spawned, time) {
        (Err(error), _) => Err(format!("no thread: {error}")),
        (Ok(_), None) => receiver.recv().map_err(|error| error.to_string()),
        (Ok(_), Some((_, end))) => {
            let rest = end.saturating_duration_since(Instant::now());
            receiver.recv_timeout(rest).map_err(|_| "the clock ended it".to_owned())
        }
    };
    line.took = started_at.elapsed();
    match outcome {
        Err(reason) => line.left_out = Some(reason),
        Ok((trial, result)) => {
            match result {
                Ok(Ok(())) => {}
                Ok(Err(error)) => line.wrong.push(format!("{error:#}")),
                Err(panic) => line.wrong.push(panic),
            }
            line.fill(trial);
        }
    }
    line
}

fn text(panic: &Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

/// Lets this program have as many connections as its faults need, where that is allowed.
fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = DESCRIPTORS.min(limit.maximum.unwrap_or(DESCRIPTORS));
    if limit.current.is_some_and(|current| current < wanted)
        && let Err(error) =
            setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
    {
        eprintln!("no more descriptors: {error}");
    }
}
