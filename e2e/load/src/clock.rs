//! Measured times, and the percentiles of them.

use std::time::Duration;

/// Many measured times.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Takes one more.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Takes all of another.
    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time, in milliseconds, that so many of a thousand do not exceed; 0 where there is none.
    pub(crate) fn per_mille_ms(&mut self, share: usize) -> f64 {
        self.0.sort_unstable();
        let at = (self.0.len() * share).div_ceil(1000).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default().as_secs_f64() * 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_occurred() {
        let mut times = Times::default();
        (1..=100).rev().for_each(|ms| times.add(Duration::from_millis(ms)));
        assert!((times.per_mille_ms(500) - 50.0).abs() < 1e-9);
        assert!((times.per_mille_ms(990) - 99.0).abs() < 1e-9);
        assert!((times.per_mille_ms(1000) - 100.0).abs() < 1e-9);
        assert!(Times::default().per_mille_ms(500).abs() < 1e-9);
    }
}
