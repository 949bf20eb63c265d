//! Looks for the highest rate that holds: climbs by a factor until one fails, then halves what lies between.

/// How far one climb goes.
const FACTOR: f64 = 1.6;
/// How near the rate that holds and the one that fails have to come.
const NEAR: f64 = 1.1;
/// Below this, nothing is looked for any more.
const LEAST: f64 = 10.0;
/// Above this, the generator would measure itself.
const MOST: f64 = 50_000.0;

/// A search under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    start: f64,
    held: Option<f64>,
    failed: Option<f64>,
}

impl Search {
    /// Begins at a rate that is likely to hold.
    pub(crate) const fn from(start: f64) -> Self {
        Self { start, held: None, failed: None }
    }

    /// The next rate to try; nothing when it is found.
    pub(crate) fn next(&self) -> Option<f64> {
        let rate = match (self.held, self.failed) {
            (None, None) => self.start,
            (Some(held), None) => held * FACTOR,
            (None, Some(failed)) => failed / FACTOR,
            (Some(held), Some(failed)) if failed / held > NEAR => (held * failed).sqrt(),
            (Some(_), Some(_)) => return None,
        };
        (LEAST..=MOST).contains(&rate).then_some(rate)
    }

    /// Takes what came of a rate.
    pub(crate) fn learn(&mut self, rate: f64, holds: bool) {
        if holds {
            self.held = Some(self.held.map_or(rate, |held| held.max(rate)));
        } else {
            self.failed = Some(self.failed.map_or(rate, |failed| failed.min(rate)));
        }
    }

    /// The highest rate that held; 0 where none did.
    pub(crate) fn found(&self) -> f64 {
        self.held.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Search;

    fn find(limit: f64, start: f64) -> (f64, usize) {
        let (mut search, mut steps) = (Search::from(start), 0);
        while let Some(rate) = search.next() {
            search.learn(rate, rate <= limit);
            steps += 1;
            assert!(steps < 30, "the search does not end");
        }
        (search.found(), steps)
    }

    #[test]
    fn the_rate_is_found_from_below_and_from_above() {
        for limit in [60.0, 333.0, 2_100.0, 17_000.0] {
            for start in [400.0, 30_000.0] {
                let (found, _) = find(limit, start);
                assert!(found <= limit && found * super::NEAR >= limit, "{found} for {limit} from {start}");
            }
        }
    }

    #[test]
    fn it_takes_few_steps() {
        assert!(find(2_100.0, 400.0).1 <= 8);
    }

    #[test]
    fn a_system_that_holds_nothing_or_everything_ends_the_search() {
        assert!(find(0.0, 400.0).0.abs() < 1e-9);
        assert!(find(f64::INFINITY, 400.0).0 > 20_000.0);
    }
}
