//! The ratio of two figures that were measured in pairs.

use std::fmt;

/// The ratio of two sums.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// The ratio.
    pub value: f64,
    /// Half the width of its 95 % confidence interval.
    margin: f64,
}

impl Ratio {
    /// The sum of the first figures of many pairs, divided by that of the second ones.
    pub fn of_sums(pairs: &[(f64, f64)]) -> Self {
        let count = pairs.len() as f64;
        let (first, second) =
            pairs.iter().fold((0.0, 0.0), |(first, second), pair| (first + pair.0, second + pair.1));
        let value = first / second;
        // The standard error of a ratio estimator (Cochran, Sampling Techniques, section 2.11).
        let squares: f64 = pairs.iter().map(|(first, second)| (first - value * second).powi(2)).sum();
        let standard_error = (squares / (count - 1.0) / count).sqrt() / (second / count);
        // 95 % of a normal distribution are within 1.96 standard deviations.
        Self { value, margin: 1.96 * standard_error }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ± {:.3}", self.value, self.margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_that_of_the_sums_and_pairs_that_differ_widen_its_interval() {
        assert_eq!(Ratio::of_sums(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]).to_string(), "0.500 ± 0.000");
        assert_eq!(
            Ratio::of_sums(&[(1.0, 1.0), (3.0, 1.0), (1.0, 1.0), (3.0, 1.0)]).to_string(),
            "2.000 ± 1.132"
        );
    }
}
