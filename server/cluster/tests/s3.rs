//! S3: objects in parts, permits for one thing only, and buckets by whose an object is.
#![expect(clippy::unwrap_used, reason = "a failing engine fails the test")]

mod world;

use std::time::Duration;

use sotto_cluster::s3::{Buckets, Login, Permit};
use sotto_core::ports::{BlobKey, Blobs as _};
use uuid::Uuid;
use world::{blobs, variable};

const MINUTE: Duration = Duration::from_mins(1);

fn key() -> BlobKey {
    BlobKey::new(format!("media/{}/{}", Uuid::new_v4(), Uuid::new_v4())).unwrap()
}

/// Does what a permit allows, with this body; gives the status and the answer's tag.
async fn use_permit(permit: &Permit, body: Vec<u8>) -> (u16, String) {
    let client = reqwest::Client::builder().timeout(MINUTE).build().unwrap();
    let mut request = client.request(permit.method.parse().unwrap(), &permit.url);
    for (name, value) in permit.headers.iter().filter(|(name, _)| name != "content-length") {
        request = request.header(name, value);
    }
    let answer = request.body(body).send().await.unwrap();
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), tag)
}

#[tokio::test]
async fn a_large_object_goes_in_parts_and_is_read_in_ranges() {
    let (blobs, key) = (blobs(), key());
    let bytes: Vec<u8> = (0..20 * 1024 * 1024_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
    blobs.put(&key, bytes.clone()).await.unwrap();
    assert_eq!(blobs.size(&key).await.unwrap(), Some(bytes.len() as u64));
    let across = 8 * 1024 * 1024 - 3..8 * 1024 * 1024 + 5;
    let got = blobs.get(&key, across.start as u64..across.end as u64).await.unwrap().unwrap();
    assert_eq!(got, bytes[across]);
    blobs.delete(&key).await.unwrap();
}

#[tokio::test]
async fn a_permit_is_for_one_object_of_one_length() {
    let (blobs, key) = (blobs(), key());
    let permit = blobs.permit_put(&key, 5, MINUTE).await.unwrap();
    let (too_long, _) = use_permit(&permit, b"sotto voce".to_vec()).await;
    assert!(too_long >= 400, "{too_long}");
    assert_eq!(blobs.size(&key).await.unwrap(), None);
    assert_eq!(use_permit(&permit, b"sotto".to_vec()).await.0, 200);
    assert_eq!(blobs.get(&key, 0..9).await.unwrap().unwrap(), b"sotto");
    let elsewhere = Permit { url: permit.url.replacen("media/", "mfdia/", 1), ..permit };
    assert_eq!(use_permit(&elsewhere, b"sotto".to_vec()).await.0, 403);
    let mut reading = blobs.permit_get(&key, MINUTE).await.unwrap();
    reading.headers.push(("range".into(), "bytes=1-2".into()));
    assert_eq!(use_permit(&reading, Vec::new()).await.0, 206);
    blobs.delete(&key).await.unwrap();
}

#[tokio::test]
async fn an_upload_in_parts_is_there_once_it_is_finished() {
    let (blobs, key) = (blobs(), key());
    let parts = blobs.begin_parts(&key).await.unwrap();
    let sizes = [5 * 1024 * 1024, 7];
    let mut tags = Vec::new();
    for (number, size) in (1..).zip(sizes) {
        let permit = blobs.permit_part(&parts, number, size, MINUTE).await.unwrap();
        let (status, tag) = use_permit(&permit, vec![b'x'; usize::try_from(size).unwrap()]).await;
        assert_eq!(status, 200);
        tags.push((number, tag));
    }
    assert_eq!(blobs.size(&key).await.unwrap(), None);
    blobs.finish_parts(&parts, tags).await.unwrap();
    assert_eq!(blobs.size(&key).await.unwrap(), Some(sizes.iter().sum()));
    blobs.delete(&key).await.unwrap();
    let dropped = blobs.begin_parts(&key).await.unwrap();
    blobs.drop_parts(&dropped).await.unwrap();
    assert!(blobs.finish_parts(&dropped, vec![(1, "x".into())]).await.is_err());
}

#[tokio::test]
async fn objects_are_spread_by_whose_they_are() {
    let blobs = blobs();
    let bucket = async |key: &BlobKey| {
        let url = blobs.permit_get(key, MINUTE).await.unwrap().url;
        url.split('/').nth(3).unwrap().to_owned()
    };
    let owner = Uuid::now_v7();
    let of = |name: &str| BlobKey::new(format!("media/{owner}/{name}")).unwrap();
    assert_eq!(bucket(&of("one")).await, bucket(&of("two")).await, "one person's objects lie together");
    let mut buckets = std::collections::BTreeSet::new();
    for _ in 0..100 {
        buckets.insert(bucket(&key()).await);
    }
    assert_eq!(buckets.len(), 4);
}

#[tokio::test]
async fn a_refused_login_and_a_missing_bucket_are_named_with_their_cure() {
    let login = |name: &str| Login {
        access_key: variable(&format!("SOTTO_TEST_BLOBS_{name}ACCESS_KEY")),
        secret_key: variable(&format!("SOTTO_TEST_BLOBS_{name}SECRET_KEY")),
    };
    let url = variable("SOTTO_TEST_BLOBS");
    let stranger = Buckets::new(&url, Some(login("STRANGER_"))).unwrap();
    let refused = stranger.check().await.unwrap_err().to_string();
    assert!(refused.starts_with("SOTTO_BLOBS: S3 refuses this login") && refused.lines().count() == 1, "{refused}");
    let elsewhere = Buckets::new(&url.replacen("s3://sotto-media", "s3://sotto-nowhere", 1), Some(login(""))).unwrap();
    let missing = elsewhere.check().await.unwrap_err().to_string();
    assert!(missing.starts_with("SOTTO_BLOBS: "), "{missing}");
    let away = Buckets::new("s3://b?endpoint=http://127.0.0.1:9", Some(login(""))).unwrap();
    assert!(away.check().await.unwrap_err().to_string().starts_with("S3 does not answer: "));
    for wrong in ["http://b", "s3://b?buckets=0", "s3://b?endpoint=nowhere"] {
        assert!(Buckets::new(wrong, Some(login(""))).err().unwrap().to_string().starts_with("SOTTO_BLOBS: "));
    }
}
