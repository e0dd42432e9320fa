//! A ratio of two figures that were measured in pairs.

use std::fmt;

/// The mean of the ratios of pairs.
#[derive(Debug, Clone, Copy)]
pub struct MeanRatio {
    /// The mean.
    pub mean: f64,
    /// Half the width of its 95 % confidence interval.
    margin: f64,
}

impl MeanRatio {
    /// The mean of these ratios, of which there are at least some dozens.
    pub fn of(ratios: &[f64]) -> Self {
        let count = ratios.len() as f64;
        let mean = ratios.iter().sum::<f64>() / count;
        let squares: f64 = ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
        let standard_error = (squares / (count - 1.0) / count).sqrt();
        // 95 % of a normal distribution are within 1.96 standard deviations.
        Self { mean, margin: 1.96 * standard_error }
    }
}

impl fmt::Display for MeanRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ± {:.3}", self.mean, self.margin)
    }
}
