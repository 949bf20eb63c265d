//! The contract of [`crate::ports::Blobs`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use crate::{App, ports::BlobKey};

fn key() -> BlobKey {
    BlobKey::new(format!("test/{}", super::user())).unwrap()
}

/// Bytes are read back whole and in parts.
pub async fn what_is_put_is_read_back_by_ranges(app: &App) {
    let (key, bytes) = (key(), (0..=255).collect::<Vec<u8>>());
    app.blobs.put(&key, bytes.clone()).await.unwrap();
    assert_eq!(app.blobs.size(&key).await.unwrap(), Some(256));
    for (range, expected) in [(0..256, 0..256), (10..20, 10..20), (250..999, 250..256), (256..300, 256..256)] {
        assert_eq!(app.blobs.get(&key, range).await.unwrap().as_deref(), Some(&bytes[expected]));
    }
}

/// The later one counts; a neighbour is untouched.
pub async fn putting_again_replaces(app: &App) {
    let (key, other) = (key(), key());
    app.blobs.put(&other, b"other".to_vec()).await.unwrap();
    for words in ["a longer first", "second"] {
        app.blobs.put(&key, words.as_bytes().to_vec()).await.unwrap();
    }
    assert_eq!(app.blobs.get(&key, 0..99).await.unwrap().as_deref(), Some(b"second".as_slice()));
    assert_eq!(app.blobs.get(&other, 0..99).await.unwrap().as_deref(), Some(b"other".as_slice()));
}

/// Gone is gone, and asking for it is no error.
pub async fn what_is_deleted_is_gone(app: &App) {
    let key = key();
    app.blobs.put(&key, b"x".to_vec()).await.unwrap();
    for _ in 0..2 {
        app.blobs.delete(&key).await.unwrap();
    }
    assert_eq!(app.blobs.get(&key, 0..9).await.unwrap(), None);
    assert_eq!(app.blobs.size(&key).await.unwrap(), None);
}
