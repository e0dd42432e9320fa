//! Reads what Callgrind counted: <https://valgrind.org/docs/manual/cl-format.html>.

use anyhow::Context;
use std::{collections::HashMap, str::FromStr};

/// Functions of the C library that allocate.
const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

/// Reads the clock. It is a system call only under Valgrind; the kernel's vDSO answers it otherwise.
const CLOCK: &str = "clock_gettime";

/// The counts of all threads.
#[derive(Default)]
pub struct Profile {
    /// Instructions in user space.
    pub instructions: u64,
    /// Calls of [`ALLOCATORS`].
    pub allocations: u64,
    /// System calls.
    pub system_calls: u64,
    /// Instructions of each function without those that it calls.
    pub functions: HashMap<String, u64>,
}

impl FromStr for Profile {
    type Err = anyhow::Error;

    /// Reads a file that was written with `--collect-systime`.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut profile = Self::default();
        let mut names = HashMap::new();
        let (mut function, mut callee) = (String::new(), String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = full_name(name, &mut names)?;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                callee = full_name(name, &mut names)?;
            } else if let Some(call) = line.strip_prefix("calls=") {
                if ALLOCATORS.contains(&&*callee) {
                    profile.allocations += number(call.split(' ').next())?;
                }
                // The cost of the call, which is also that of the callee.
                lines.next();
            } else if line.starts_with(|first: char| "+-*".contains(first) || first.is_ascii_digit()) {
                let mut counts = line.split(' ').skip(1);
                let instructions = number(counts.next())?;
                profile.instructions += instructions;
                *profile.functions.entry(function.clone()).or_default() += instructions;
                if !function.starts_with(CLOCK) {
                    profile.system_calls += number(counts.next())?;
                }
            }
        }
        Ok(profile)
    }
}

/// Returns the name in `(id) name`. Only the first occurrence of an id has the name.
fn full_name(text: &str, names: &mut HashMap<String, String>) -> anyhow::Result<String> {
    let (id, name) = text.split_once(' ').unwrap_or((text, ""));
    if !name.is_empty() {
        names.insert(id.to_owned(), name.to_owned());
    }
    names.get(id).cloned().with_context(|| format!("a function has no name: {text}"))
}

/// Parses a count. Zeros at the end of a line are left out.
fn number(text: Option<&str>) -> anyhow::Result<u64> {
    text.map_or(Ok(0), |text| text.parse().with_context(|| format!("not a count: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_allocators_are_counted_and_system_calls_except_those_of_the_clock() {
        let text = "\
events: Ir sysCount sysTime

fn=(1) main
16 400 1 5
cfn=(2) malloc
calls=3 50
16 90
+1 20

fn=(2)
51 90
fn=(3) clock_gettime@@GLIBC_2.17
60 7 9
cfn=(4) mallocate
calls=5 50
* 1

totals: 517 10 5
";
        let profile: Profile = text.parse().unwrap();
        assert_eq!((profile.instructions, profile.allocations, profile.system_calls), (517, 3, 1));
        let functions = [("main", 420), ("malloc", 90), ("clock_gettime@@GLIBC_2.17", 7)];
        assert_eq!(profile.functions, functions.map(|(name, count)| (name.to_owned(), count)).into());
    }
}
