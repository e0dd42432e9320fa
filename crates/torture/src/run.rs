//! Runs the faults that the command line asks for.

use crate::{
    cleanup,
    cli::Cli,
    faults,
    need::{DESCRIPTORS, Need},
    order::{self, Choice},
    page::Page,
    report::{Line, Report},
    supervise::{self, Limits},
    tools::Tools,
};
use anyhow::{Context, ensure};
use gochat_test_support::Backend;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    env,
    hash::{BuildHasher, RandomState},
    io::{Write, stdout},
    sync::Arc,
    time::{Duration, Instant},
};

/// All the time that the short form has.
const SHORT: Duration = Duration::from_secs(300);

/// What of it is kept for the end of the last fault, and for the report.
const RESERVE: Duration = Duration::from_secs(10);

/// Prints the faults.
pub fn list() -> anyhow::Result<bool> {
    let mut out = stdout().lock();
    for fault in faults::kinds().into_iter().flatten() {
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
    let kinds = order::choose(&cli.only)?;
    let seed = cli.seed.unwrap_or_else(|| RandomState::new().hash_one(()) % 1_000_000_000);
    let mut report = Report::new(seed, cli.short);
    // Before hours go by.
    let page = cli.write.then(|| Page::read(&report, !cli.only.is_empty())).transpose()?;
    let program = match &cli.program {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => env::current_exe()?.with_file_name("gochat"),
    };
    ensure!(program.is_file(), "{} is missing: cargo build --release --package gochat", program.display());
    allow_descriptors();
    let tools = Arc::new(Tools::new(program, cli.short)?);
    cleanup::start(tools.base.path())?;
    let form = if cli.short { "the short form" } else { "the long form" };
    println(&format!("seed {seed}, {form}; again by --seed {seed}"))?;

    let in_long_form: Vec<_> = kinds.iter().flatten().copied().collect();
    let (chosen, elsewhere) =
        if cli.short { order::of_short_form(kinds, seed) } else { (in_long_form, Vec::new()) };
    let end = cli.short.then(|| started_at + SHORT.saturating_sub(RESERVE));
    for (number, choice) in chosen.iter().enumerate() {
        let line = one(*choice, seed, &tools, end, chosen.len() - number);
        println(&line.to_string())?;
        report.lines.push(line);
    }
    for choice in elsewhere {
        let mut line = Line::new(choice.name(), choice.fault.about());
        line.left_out = Some("on the other database with this seed".to_owned());
        report.lines.push(line);
    }
    report.took = started_at.elapsed();
    println(&report.summary())?;
    if let Some(page) = page {
        page.write(&report)?;
    }
    Ok(report.is_well())
}

fn println(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(stdout().lock(), "{line}")?)
}

/// Runs one of `left` trials, if all is there that it needs and there is time.
fn one(choice: Choice, seed: u64, tools: &Arc<Tools>, end: Option<Instant>, left: usize) -> Line {
    let mut line = Line::new(choice.name(), choice.fault.about());
    let database = (choice.backend == Backend::Postgres).then_some(Need::Postgres);
    for need in database.iter().chain(choice.fault.needs()) {
        if let Err(error) = need.check() {
            let reason = format!("{error:#}");
            if need.is_required() {
                line.wrong.push(format!("{need} is required: {reason}"));
            }
            line.left_out = Some(reason);
            return line;
        }
    }
    let (now, round) = (Instant::now(), choice.fault.least());
    let limits = match end {
        None => Limits::of_long_form(now),
        Some(end) => {
            let rest = end.saturating_duration_since(now);
            if rest < round {
                line.left_out = Some("no time was left".to_owned());
                return line;
            }
            Limits::of_short_form(now, rest / u32::try_from(left).unwrap_or(u32::MAX), end, round)
        }
    };
    supervise::run(choice, seed, tools, limits, &mut line);
    line
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
