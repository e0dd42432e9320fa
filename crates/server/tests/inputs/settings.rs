//! Settings in environment variables.

use crate::{corpus, mutation, runner};
use anyhow::ensure;
use gochat::settings::{Profile, Settings};
use proptest::{collection::vec, sample::select};
use std::cell::RefCell;

/// A password in the settings that must never be shown.
const SECRET: &str = "correct-horse-battery-staple";
/// The two ends of a password, plain and percent-encoded. What lies between them is mutated.
const ENDS: [[&str; 2]; 2] = [["hrs", "stpl"], ["h%72s", "%73tpl"]];
/// URLs up to the password. What follows it is mutated, too.
const BEFORE: [&str; 6] = [
    "postgres://gochat:",
    "postgresql://:",
    "postgres:///d?password=",
    "postgres://gochat@h:1/d?sslpassword=",
    "postgres://h/d?port=1&passw%6Frd=",
    "postgres://h/d?user=u&passwort=",
];

pub fn case() -> anyhow::Result<()> {
    let defaults = Settings::load(Profile::Production, [])?.to_toml()?;
    let mut names =
        vec!["GOCHAT__UNKNOWN__SETTING".to_owned(), "GOCHAT__HTTP".to_owned(), "GOCHAT__".to_owned()];
    let mut section = String::new();
    for line in defaults.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_uppercase();
        } else if let Some((key, _)) = line.split_once(" = ") {
            names.push(format!("GOCHAT__{section}__{}", key.to_uppercase()));
        }
    }
    ensure!(names.len() > 20, "{names:?}");
    let seen = RefCell::new([0_u64; 2]);
    let test = |(profile, variables): (Profile, Vec<(String, Vec<u8>)>)| {
        let url = ("GOCHAT__DATABASE__URL".to_owned(), format!("postgres://gochat:{SECRET}@db/gochat"));
        let others =
            variables.into_iter().map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()));
        let others: Vec<_> = others.collect();
        let has_url = others.iter().any(|(name, _)| *name == url.0);
        let loaded = Settings::load(profile, others.into_iter().chain((!has_url).then_some(url)));
        seen.borrow_mut()[usize::from(loaded.is_ok())] += 1;
        let shown = match loaded {
            Ok(settings) => settings.to_toml()?,
            Err(error) => error.to_string(),
        };
        ensure!(!shown.contains(SECRET), "{shown}");
        Ok(())
    };
    let corpus = corpus::inputs(corpus::SETTINGS);
    for name in &names {
        corpus
            .iter()
            .try_for_each(|value| test((Profile::Development, vec![(name.clone(), value.clone())])))?;
    }
    let variables = vec((select(names), mutation::mutated(corpus)), 1..4);
    let profiles = select(&[Profile::Development, Profile::Production][..]);
    let strategy = (profiles, variables);
    runner::run(runner::count()?, "tests/inputs/regressions/settings.txt", strategy, test)?;
    let [refused, accepted] = [false, true].map(|is_accepted| seen.borrow()[usize::from(is_accepted)]);
    eprintln!("settings: {accepted} accepted, {refused} refused");
    ensure!(refused > 0 && accepted > 0, "{refused} refused, {accepted} accepted");
    passwords()
}

/// No part of a password is shown, whatever is in the password and behind it.
fn passwords() -> anyhow::Result<()> {
    let seen = RefCell::new([0_u64; 2]);
    let shows_nothing = |before: &str, [begin, end]: [&str; 2], middle: &[u8], after: &[u8]| {
        let [middle, after] = [middle, after].map(String::from_utf8_lossy);
        // A password that stands before the host is followed by an @. Without the @, the end of the password would be
        // parsed as part of the host.
        let url = if before.ends_with(':') {
            format!("{before}{begin}{middle}{end}@{after}")
        } else {
            format!("{before}{begin}{middle}{end}{after}")
        };
        let variable = ("GOCHAT__DATABASE__URL".to_owned(), url.clone());
        let loaded = Settings::load(Profile::Production, [variable]);
        seen.borrow_mut()[usize::from(loaded.is_ok())] += 1;
        let shown = match loaded {
            Ok(settings) => format!("{settings:?} {} {}", settings.to_toml()?, settings.database.url),
            Err(error) => format!("{error} {error:?}"),
        };
        ensure!(!ENDS.concat().iter().any(|part| shown.contains(part)), "{url}: {shown}");
        Ok(())
    };
    let middles = corpus::inputs(corpus::PASSWORDS);
    let afters = corpus::inputs(corpus::BEHIND_PASSWORDS);
    for (before, ends) in BEFORE.into_iter().flat_map(|before| ENDS.map(|ends| (before, ends))) {
        for middle in &middles {
            afters.iter().try_for_each(|after| shows_nothing(before, ends, middle, after))?;
        }
    }
    let strategy =
        (select(&BEFORE[..]), select(&ENDS[..]), mutation::mutated(middles), mutation::mutated(afters));
    runner::run(
        runner::count()?,
        "tests/inputs/regressions/passwords.txt",
        strategy,
        |(before, ends, middle, after)| shows_nothing(before, ends, &middle, &after),
    )?;
    let [refused, accepted] = *seen.borrow();
    eprintln!("passwords: {accepted} accepted, {refused} refused");
    ensure!(refused > 0 && accepted > 0, "{refused} refused, {accepted} accepted");
    Ok(())
}
