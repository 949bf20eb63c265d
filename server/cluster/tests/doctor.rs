//! The doctor finds nothing wrong where nothing is, and names what is.

mod world;

use shared_types::Timestamp;
use sotto_cluster::{
    Background,
    doctor::examine,
    mongo::{Mongo, NEWEST, Watch},
    rabbit::Rabbit,
    redis::Link,
};
use sotto_core::ports::Clock;
use world::{PARTITIONS, World, blobs, variable};

#[tokio::test]
async fn a_healthy_cluster_is_called_healthy() {
    let world = World::open("SOTTO_TEST_CACHE").await;
    let rabbit = Rabbit::new(&variable("SOTTO_TEST_QUEUE"), PARTITIONS, &world.background).unwrap();
    let findings = examine(&world.mongo, &rabbit, &world.link, Some(&blobs()), &*world.clock, NEWEST).await;
    // Other tests bury letters on purpose.
    let wrong: Vec<_> =
        findings.iter().filter(|one| one.cure.is_some() && !one.what.contains("dead letters")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    for engine in ["store", "queue", "cache", "blobs"] {
        assert!(
            findings.iter().any(|one| one.engine == engine && one.what.contains("read back")),
            "{engine}: {findings:?}"
        );
    }
    let versions = ["MongoDB 6", "RabbitMQ 3.", "Redis 7"];
    for version in versions {
        assert!(findings.iter().any(|one| one.what.starts_with(version)), "{version}: {findings:?}");
    }
}

/// A clock that is a minute ahead.
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        world::clock().now().plus_ms(60_000)
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_cure() {
    let background = Background::default();
    let url = variable("SOTTO_TEST_STORE").replacen("/sotto?", "/sotto_never_migrated?", 1);
    let mongo = Mongo::new(&url, &background, Watch::default()).await.unwrap();
    let rabbit = Rabbit::new("amqp://guest:guest@127.0.0.1:9/%2f", 1, &background).unwrap();
    let link = Link::new("redis://127.0.0.1:9", &background).unwrap();
    let findings = examine(&mongo, &rabbit, &link, None, &Ahead, NEWEST).await;
    let cures = |engine: &str| -> Vec<String> {
        findings.iter().filter(|one| one.engine == engine).filter_map(|one| one.cure.clone()).collect()
    };
    assert!(cures("store").iter().any(|cure| cure.contains("sotto migrate")), "{findings:?}");
    assert!(cures("store").iter().any(|cure| cure.contains("time server")), "{findings:?}");
    assert_eq!((cures("queue").len(), cures("cache").len()), (1, 1), "{findings:?}");
}
