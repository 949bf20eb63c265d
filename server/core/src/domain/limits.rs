//! Token buckets: how much, how often.

/// A bucket: holds `capacity` tokens and gains `per_second`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// The most that can be taken at once.
    pub capacity: f64,
    /// What flows in.
    pub per_second: f64,
}

/// How full a bucket is, and since when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Tokens in it.
    pub tokens: f64,
    /// In milliseconds, on whatever clock the caller keeps.
    pub at_ms: i64,
}

impl Bucket {
    /// A full one.
    pub const fn full(self, at_ms: i64) -> Level {
        Level { tokens: self.capacity, at_ms }
    }

    /// Takes one token: the new level, or the seconds to wait (at least 1).
    pub fn take(self, level: Level, now_ms: i64) -> Result<Level, u64> {
        let now = self.refilled(level, now_ms);
        if now.tokens >= 1.0 {
            return Ok(Level { tokens: now.tokens - 1.0, ..now });
        }
        let seconds = ((1.0 - now.tokens) / self.per_second).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive, bounded number of seconds"
        )]
        Err(seconds.clamp(1.0, 86_400.0) as u64)
    }

    /// The level after the time that has passed; a clock that went back adds nothing.
    pub fn refilled(self, level: Level, now_ms: i64) -> Level {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of hours at the most")]
        let seconds = (now_ms - level.at_ms).max(0) as f64 / 1_000.0;
        Level { tokens: (level.tokens + seconds * self.per_second).min(self.capacity), at_ms: now_ms.max(level.at_ms) }
    }
}

/// What is limited, and by how much. Generous to people, tight to floods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// New accounts from one address.
    Register,
    /// Sign-ins from one address.
    LoginFrom,
    /// Sign-ins to one account from one address, so that a stranger can't lock its owner out.
    LoginTo,
    /// Token refreshes from one address.
    Refresh,
    /// Messages of one account.
    SendBy,
    /// Messages in one conversation.
    SendIn,
    /// People searches of one account.
    Search,
    /// New conversations of one account.
    Start,
    /// Typing, receipts and presence of one account.
    Signal,
    /// One-time keys that one account takes from others.
    Claim,
    /// Boxes without a message, of one account.
    Mail,
    /// Any other request of one account.
    Request,
}

impl Limited {
    /// The word in the bucket's key.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::LoginFrom => "login_from",
            Self::LoginTo => "login_to",
            Self::Refresh => "refresh",
            Self::SendBy => "send_by",
            Self::SendIn => "send_in",
            Self::Search => "search",
            Self::Start => "start",
            Self::Signal => "signal",
            Self::Claim => "claim",
            Self::Mail => "mail",
            Self::Request => "request",
        }
    }

    /// Its bucket.
    pub const fn bucket(self) -> Bucket {
        let (capacity, per_second) = match self {
            Self::Register => (60.0, 0.2),
            Self::LoginFrom => (100.0, 1.0),
            Self::LoginTo => (10.0, 0.1),
            Self::Refresh => (300.0, 5.0),
            Self::SendBy => (200.0, 20.0),
            Self::SendIn => (500.0, 100.0),
            Self::Search => (60.0, 2.0),
            Self::Start => (100.0, 0.5),
            Self::Signal => (300.0, 50.0),
            Self::Claim => (200.0, 2.0),
            Self::Mail => (200.0, 10.0),
            Self::Request => (600.0, 60.0),
        };
        Bucket { capacity, per_second }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUCKET: Bucket = Bucket { capacity: 3.0, per_second: 0.5 };

    #[test]
    fn an_empty_bucket_says_how_long_to_wait() {
        let mut level = BUCKET.full(0);
        for _ in 0..3 {
            level = BUCKET.take(level, 0).unwrap();
        }
        assert_eq!(BUCKET.take(level, 0), Err(2));
        assert_eq!(BUCKET.take(level, 1_500), Err(1));
        assert!(BUCKET.take(level, 2_000).is_ok());
    }

    proptest! {
        #[test]
        fn never_more_than_capacity_and_inflow(times in prop::collection::vec(0i64..60_000, 1..200)) {
            let mut times = times;
            times.sort_unstable();
            let last = *times.last().unwrap();
            let mut level = BUCKET.full(0);
            let mut taken = 0.0;
            for now in times {
                if let Ok(next) = BUCKET.take(level, now) {
                    level = next;
                    taken += 1.0;
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let most = BUCKET.capacity + last as f64 / 1_000.0 * BUCKET.per_second;
            prop_assert!(taken <= most + 1e-6);
        }
    }
}
