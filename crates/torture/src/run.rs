//! The run of the faults that the command line selects.

use crate::{
    cleanup,
    cli::Cli,
    faults,
    page::Page,
    report::{Report, TrialReport},
    requirement::{DESCRIPTORS, Requirement},
    run_context::RunContext,
    schedule::{self, TrialSpec},
    supervise::{self, Limits},
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

/// Time of the whole short form.
const SHORT: Duration = Duration::from_secs(300);

/// Time reserved for the end of the last fault and for the report.
const RESERVE: Duration = Duration::from_secs(10);

/// Prints the faults.
pub fn list() -> anyhow::Result<bool> {
    let mut out = stdout().lock();
    for fault in faults::kinds().into_iter().flatten() {
        let backends: Vec<_> = fault.backends().iter().map(ToString::to_string).collect();
        let needs: Vec<_> = fault.requirements().iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!(" (needs {})", needs.join(", ")) };
        writeln!(out, "{:<18} {:<16} {}{needs}", fault.name(), backends.join(", "), fault.about())?;
    }
    Ok(true)
}

/// Runs the faults; returns false if there was a failure.
pub fn run(cli: &Cli) -> anyhow::Result<bool> {
    let started_at = Instant::now();
    let kinds = schedule::choose(&cli.only)?;
    let seed = cli.seed.unwrap_or_else(|| RandomState::new().hash_one(()) % 1_000_000_000);
    let mut report = Report::new(seed, cli.short);
    // Read before the run, so that a page that cannot be updated fails at once.
    let page = cli.write.then(|| Page::read(&report, !cli.only.is_empty())).transpose()?;
    let program = match &cli.program {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => env::current_exe()?.with_file_name("gochat"),
    };
    ensure!(program.is_file(), "{} is missing: cargo build --release --package gochat", program.display());
    raise_descriptor_limit();
    let context = Arc::new(RunContext::new(program, cli.short)?);
    cleanup::start(context.base.path())?;
    let form = if cli.short { "the short form" } else { "the long form" };
    println(&format!("seed {seed}, {form}; to repeat the random choices: --seed {seed}"))?;

    let in_long_form: Vec<_> = kinds.iter().flatten().copied().collect();
    let (chosen, on_other_database) =
        if cli.short { schedule::short_form(kinds, seed) } else { (in_long_form, Vec::new()) };
    let end = cli.short.then(|| started_at + SHORT.saturating_sub(RESERVE));
    for (number, spec) in chosen.iter().enumerate() {
        let trial_report = run_trial(*spec, seed, &context, end, chosen.len() - number);
        println(&trial_report.to_string())?;
        report.trials.push(trial_report);
    }
    for spec in on_other_database {
        let mut trial_report = TrialReport::new(spec.name(), spec.fault.about());
        trial_report.skipped = Some("with this seed, this fault runs only on the other database".to_owned());
        report.trials.push(trial_report);
    }
    report.took = started_at.elapsed();
    println(&report.summary())?;
    if let Some(page) = page {
        page.write(&report)?;
    }
    Ok(report.passed())
}

fn println(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(stdout().lock(), "{line}")?)
}

/// Runs a trial, if its requirements are met and there is time. It gets an equal share of the time that is left for the `remaining`
/// trials, itself included.
fn run_trial(
    spec: TrialSpec,
    seed: u64,
    context: &Arc<RunContext>,
    end: Option<Instant>,
    remaining: usize,
) -> TrialReport {
    let mut trial_report = TrialReport::new(spec.name(), spec.fault.about());
    let database = (spec.backend == Backend::Postgres).then_some(Requirement::Postgres);
    for need in database.iter().chain(spec.fault.requirements()) {
        if let Err(error) = need.check() {
            let reason = format!("{error:#}");
            if need.is_required() {
                trial_report.failures.push(format!("{need} is required: {reason}"));
            }
            trial_report.skipped = Some(reason);
            return trial_report;
        }
    }
    let (now, round) = (Instant::now(), spec.fault.round_time());
    let limits = match end {
        None => Limits::long_form(now),
        Some(end) => {
            let rest = end.saturating_duration_since(now);
            if rest < round {
                trial_report.skipped = Some("no time was left".to_owned());
                return trial_report;
            }
            Limits::short_form(now, rest / u32::try_from(remaining).unwrap_or(u32::MAX), end, round)
        }
    };
    supervise::run(spec, seed, context, limits, &mut trial_report);
    trial_report
}

/// Raises the limit of open files to the number that the faults need, if that is allowed.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = DESCRIPTORS.min(limit.maximum.unwrap_or(DESCRIPTORS));
    if limit.current.is_some_and(|current| current < wanted)
        && let Err(error) =
            setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
    {
        eprintln!("the limit of open files cannot be raised: {error}");
    }
}
