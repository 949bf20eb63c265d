//! Redis: nothing in it is for ever, nothing is lost with it, and nothing waits for it.
#![expect(clippy::unwrap_used, reason = "a failing engine fails the test")]

mod world;

use std::time::{Duration, Instant};

use shared_types::{
    ConversationId, MessageId, Seq, ServerEvent, SessionId, Timestamp, UserId, account::Device, socket::TypingEvent,
};
use sotto_cluster::mongo::Watch;
use sotto_core::{
    conformance::{claims, directory, limits, push, receipts},
    domain::{
        receipt::Watermark,
        session::{Session, TokenHash},
    },
    ports::{Audience, Claim, Heard, Inbox, PodId},
};
use uuid::Uuid;
use world::{World, variable};

/// A database of the standalone server that no other test uses.
fn own(number: u8) -> String {
    format!("{}/{number}", variable("SOTTO_TEST_CACHE"))
}

async fn connection(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

fn user() -> UserId {
    UserId(Uuid::now_v7())
}

fn pod() -> PodId {
    PodId(Uuid::now_v7().to_string().into())
}

fn mark(delivered: u64, read: u64) -> Watermark {
    Watermark { delivered: Seq(delivered), read: Seq(read) }
}

fn typing(who: UserId) -> ServerEvent {
    ServerEvent::Typing(TypingEvent { conversation_id: [1; 16].into(), user_id: who, active: true })
}

/// The next event that is about this person.
async fn heard(inbox: &mut Box<dyn Inbox>, who: UserId) -> Audience {
    let wait = async {
        loop {
            match inbox.next().await.unwrap() {
                Heard::Parcel(parcel) if parcel.event == typing(who) => return parcel.to,
                Heard::Parcel(_) | Heard::Missed => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap()
}

#[tokio::test]
async fn every_key_ends_by_itself() {
    let url = own(1);
    let world = World::at(&url, Watch::default()).await;
    claims::the_first_claim_wins(&world).await;
    directory::a_person_is_online_while_a_pod_says_so(&world).await;
    limits::a_bucket_runs_dry_and_says_for_how_long(&world).await;
    push::what_is_sent_is_remembered(&world).await;
    receipts::watermarks_never_fall(&world).await;
    let mut connection = connection(&url).await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert!(keys.len() >= 5, "{keys:?}");
    for key in keys {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!(left > 0 || left == -2, "{key} would stay for ever");
    }
}

#[tokio::test]
async fn watermarks_outlive_a_redis_that_lost_everything() {
    let url = own(2);
    let world = World::at(&url, Watch::default()).await;
    let (conversation, ana, bo) = (ConversationId(Uuid::now_v7()), user(), user());
    world.receipts.raise(conversation, ana, mark(5, 3)).await.unwrap();
    let mut connection = connection(&url).await;
    let _: () = redis::cmd("FLUSHDB").query_async(&mut connection).await.unwrap();
    assert_eq!(world.receipts.of(&[conversation]).await.unwrap(), [(conversation, ana, mark(5, 3))]);
    assert!(!world.receipts.raise(conversation, ana, mark(4, 3)).await.unwrap().rose, "not even at once");
    world.receipts.raise(conversation, bo, mark(2, 2)).await.unwrap();
    // The pod stops and writes what it has; another one, with an empty Redis, knows it.
    world.background.stop().await;
    let _: () = redis::cmd("FLUSHDB").query_async(&mut connection).await.unwrap();
    let other = World::at(&url, Watch::default()).await;
    let mut marks = other.receipts.of(&[conversation]).await.unwrap();
    marks.sort_by_key(|(_, user, _)| *user);
    assert_eq!(marks, [(conversation, ana, mark(5, 3)), (conversation, bo, mark(2, 2))]);
    assert_eq!(other.receipts.raise(conversation, ana, mark(1, 4)).await.unwrap().now, mark(5, 4));
}

#[tokio::test]
async fn what_one_pod_still_holds_comes_back_to_a_redis_that_began_again_for_another() {
    let url = own(9);
    let (here, there) = (World::at(&url, Watch::default()).await, World::at(&url, Watch::default()).await);
    let (conversation, ana) = (ConversationId(Uuid::now_v7()), user());
    here.receipts.raise(conversation, ana, mark(5, 5)).await.unwrap();
    let mut connection = connection(&url).await;
    let _: () = redis::cmd("FLUSHDB").query_async(&mut connection).await.unwrap();
    there.receipts.raise(conversation, ana, mark(6, 1)).await.unwrap();
    here.background.stop().await;
    assert_eq!(there.receipts.raise(conversation, ana, mark(7, 1)).await.unwrap().now, mark(7, 5));
}

#[tokio::test]
async fn what_a_dead_pod_raised_is_kept_by_whoever_reads_it() {
    let url = own(12);
    let world = World::at(&url, Watch::default()).await;
    let (conversation, ana) = (ConversationId(Uuid::now_v7()), user());
    let mut connection = connection(&url).await;
    let raise = redis::cmd("HSET").arg(format!("marks:{conversation}")).arg(ana.to_string()).arg("9:7").to_owned();
    let _: () = raise.query_async(&mut connection).await.unwrap();
    assert_eq!(world.receipts.of(&[conversation]).await.unwrap(), [(conversation, ana, mark(9, 7))]);
    let _: () = redis::cmd("FLUSHDB").query_async(&mut connection).await.unwrap();
    assert_eq!(world.receipts.of(&[conversation]).await.unwrap(), [(conversation, ana, mark(9, 7))]);
}

#[tokio::test]
async fn what_was_flushed_of_late_comes_back_to_a_redis_that_knows_less_than_the_one_before() {
    let url = own(10);
    let world = World::at(&url, Watch::default()).await;
    let (conversation, ana) = (ConversationId(Uuid::now_v7()), user());
    world.receipts.raise(conversation, ana, mark(5, 5)).await.unwrap();
    // With a Redis of its own, it knows what has been flushed.
    let other = World::at(&own(11), Watch::default()).await;
    while other.receipts.of(&[conversation]).await.unwrap() != [(conversation, ana, mark(5, 5))] {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The connection breaks, and behind the next one stands what another server knew a while ago.
    let mut connection = connection(&url).await;
    let _: () = redis::cmd("HSET")
        .arg(format!("marks:{conversation}"))
        .arg(ana.to_string())
        .arg("4:1")
        .query_async(&mut connection)
        .await
        .unwrap();
    let ours: i64 = redis::cmd("CLIENT").arg("ID").query_async(&mut connection).await.unwrap();
    let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut connection).await.unwrap();
    for client in clients.lines().filter(|client| client.contains(" db=10 ")) {
        let id: i64 = client.split(' ').next().unwrap().strip_prefix("id=").unwrap().parse().unwrap();
        if id != ours {
            let _: i64 = redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async(&mut connection).await.unwrap();
        }
    }
    let began = Instant::now();
    while world.receipts.raise(conversation, ana, mark(1, 1)).await.unwrap().now != mark(5, 5) {
        assert!(began.elapsed() < Duration::from_secs(30), "it never came back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_session_that_one_pod_ends_is_ended_for_all_and_stays_so() {
    let url = own(3);
    let (here, there) = (World::at(&url, Watch::default()).await, World::at(&url, Watch::default()).await);
    let session = Session {
        id: SessionId(Uuid::now_v7()),
        user: user(),
        device: Device { id: [1; 16].into(), name: "phone".into(), platform: "web".into() },
        created_at: here.clock.now(),
        last_used_at: here.clock.now(),
        newest: TokenHash([1; 32]),
        before: None,
        ended_at: None,
    };
    here.sessions.create(&session).await.unwrap();
    for world in [&here, &there] {
        // Twice, so that it is remembered if anything is.
        for _ in 0..2 {
            assert_eq!(world.sessions.find(session.id).await.unwrap().unwrap().ended_at, None);
        }
    }
    here.sessions.end(session.id, Timestamp(7)).await.unwrap();
    assert_eq!(here.sessions.find(session.id).await.unwrap().unwrap().ended_at, Some(Timestamp(7)));
    let told = Instant::now();
    while there.sessions.find(session.id).await.unwrap().unwrap().ended_at.is_none() {
        assert!(told.elapsed() < Duration::from_secs(5), "a revoked session lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _: () = redis::cmd("FLUSHDB").query_async(&mut connection(&url).await).await.unwrap();
    assert!(there.sessions.find(session.id).await.unwrap().unwrap().ended_at.is_some());
}

#[tokio::test]
async fn every_kind_of_redis_says_its_version() {
    for cache in ["SOTTO_TEST_CACHE", "SOTTO_TEST_CACHE_SENTINEL", "SOTTO_TEST_CACHE_CLUSTER"] {
        let world = World::open(cache).await;
        assert!(world.link.version().await.unwrap().starts_with("7."), "{cache}");
        world.link.check_version().await.unwrap();
    }
}

#[tokio::test]
async fn only_the_pods_that_hold_somebodys_sockets_hear_what_they_are_told() {
    for cache in ["SOTTO_TEST_CACHE", "SOTTO_TEST_CACHE_SENTINEL", "SOTTO_TEST_CACHE_CLUSTER"] {
        let (worker, one, other) = (World::open(cache).await, World::open(cache).await, World::open(cache).await);
        let (pod_one, pod_other, ana) = (pod(), pod(), user());
        let mut inbox_one = one.delivery.listen(&pod_one).await.unwrap();
        let mut inbox_other = other.delivery.listen(&pod_other).await.unwrap();
        one.directory.arrive(&pod_one, ana, one.clock.now()).await.unwrap();
        let (directed, for_all) = (user(), user());
        worker.delivery.tell(Audience::Users(vec![ana, user()]), typing(directed)).await;
        assert_eq!(heard(&mut inbox_one, directed).await, Audience::Users(vec![ana]), "{cache}");
        worker.delivery.tell(Audience::Watchers(ana), typing(for_all)).await;
        // The first that the other pod hears is what is for all.
        loop {
            match inbox_other.next().await.unwrap() {
                Heard::Parcel(parcel) if parcel.event == typing(directed) => {
                    panic!("{cache}: told a pod without sockets")
                }
                Heard::Parcel(parcel) if parcel.event == typing(for_all) => break,
                Heard::Parcel(_) | Heard::Missed => {}
            }
        }
    }
}

#[tokio::test]
async fn without_redis_people_are_told_and_watermarks_rise_and_nothing_waits_long() {
    let dead = "redis://127.0.0.1:9";
    let (worker, api) = (World::at(dead, Watch::default()).await, World::at(dead, Watch::default()).await);
    let (conversation, ana) = (ConversationId(Uuid::now_v7()), user());
    let mut inbox = api.delivery.listen(&pod()).await.unwrap();
    worker.delivery.tell(Audience::Users(vec![ana]), typing(ana)).await;
    assert_eq!(heard(&mut inbox, ana).await, Audience::Users(vec![ana]));
    assert!(api.receipts.raise(conversation, ana, mark(2, 1)).await.unwrap().rose);
    assert_eq!(api.receipts.of(&[conversation]).await.unwrap(), [(conversation, ana, mark(2, 1))]);
    let started = Instant::now();
    for _ in 0..100 {
        let claim = Claim { sender: ana, digest: [0; 32] };
        assert!(api.claims.claim((conversation, MessageId(Uuid::now_v7())), claim).await.is_err());
    }
    assert!(started.elapsed() < Duration::from_secs(5), "calls wait for a server that is away");
    assert!(api.link.check().await.unwrap_err().to_string().starts_with("Redis does not answer: "));
}

#[tokio::test]
async fn a_subscription_that_breaks_is_made_again_and_said_to_have_missed_something() {
    let url = own(4);
    let (api, worker) = (World::at(&url, Watch::default()).await, World::at(&url, Watch::default()).await);
    let (name, ana) = (pod(), user());
    let mut inbox = api.delivery.listen(&name).await.unwrap();
    api.directory.arrive(&name, ana, api.clock.now()).await.unwrap();
    let mut connection = connection(&url).await;
    let _: i64 = redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").query_async(&mut connection).await.unwrap();
    let missed = async { while inbox.next().await.unwrap() != Heard::Missed {} };
    tokio::time::timeout(Duration::from_secs(10), missed).await.unwrap();
    worker.delivery.tell(Audience::Users(vec![ana]), typing(ana)).await;
    assert_eq!(heard(&mut inbox, ana).await, Audience::Users(vec![ana]));
}
