//! The cost of one request.

use super::profile::Profile;

/// Averages over the requests of one count.
#[derive(Debug, Default)]
pub struct Figures {
    pub instructions: f64,
    pub allocations: f64,
    pub system_calls: f64,
    /// Instructions of each function without those that it calls, the most expensive first.
    pub functions: Vec<(String, f64)>,
}

impl Figures {
    /// Divides a profile by a number of requests, or of seconds.
    pub fn new(profile: Profile, count: f64) -> Self {
        let per_request = |total: u64| total as f64 / count;
        let mut functions: Vec<_> =
            profile.functions.into_iter().map(|(name, total)| (name, per_request(total))).collect();
        functions.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        Self {
            instructions: per_request(profile.instructions),
            allocations: per_request(profile.allocations),
            system_calls: per_request(profile.system_calls),
            functions,
        }
    }

    /// Subtracts what `seconds` cost without any request. The functions stay as they are.
    pub fn without(self, idle: &Self, seconds: f64) -> Self {
        Self {
            instructions: self.instructions - idle.instructions * seconds,
            allocations: self.allocations - idle.allocations * seconds,
            system_calls: self.system_calls - idle.system_calls * seconds,
            functions: self.functions,
        }
    }

    /// The median of each figure.
    pub fn median(windows: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<_> = windows.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            instructions: median(|figures| figures.instructions),
            allocations: median(|figures| figures.allocations),
            system_calls: median(|figures| figures.system_calls),
            functions: Vec::new(),
        }
    }

    /// The cells of a table.
    pub fn cells(&self) -> Vec<String> {
        vec![
            format!("{:.0}", self.instructions),
            format!("{:.1}", self.allocations),
            format!("{:.1}", self.system_calls),
        ]
    }
}
