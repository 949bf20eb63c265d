//! The contract of [`crate::ports::Limits`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use crate::{App, domain::limits::Bucket};

/// As many as it holds, then a wait; another key is another bucket.
pub async fn a_bucket_runs_dry_and_says_for_how_long(app: &App) {
    let bucket = Bucket { capacity: 2.0, per_second: 0.01 };
    let (key, other) = (super::user().to_string(), super::user().to_string());
    assert_eq!(app.limits.take(&key, bucket).await.unwrap(), None);
    assert_eq!(app.limits.take(&key, bucket).await.unwrap(), None);
    let wait = app.limits.take(&key, bucket).await.unwrap().unwrap();
    assert!((90..=100).contains(&wait), "{wait} s");
    assert_eq!(app.limits.take(&other, bucket).await.unwrap(), None);
}
