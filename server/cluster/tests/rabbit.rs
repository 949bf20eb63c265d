//! RabbitMQ: what is thrown away is no success, and partitions are shared out and taken over in order.
#![expect(clippy::unwrap_used, reason = "a failing engine fails the test")]

mod world;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lapin::{Connection, ConnectionProperties, options::QueueDeleteOptions};
use sotto_cluster::{Background, ConnectError, rabbit::Rabbit};
use sotto_core::ports::{Lane, Queue};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use world::variable;

/// The queues of a process of its own; lanes below `partitions` are shared with the others.
fn process(partitions: u16) -> (Rabbit, Background) {
    let background = Background::default();
    (Rabbit::new(&variable("SOTTO_TEST_QUEUE"), partitions, &background).unwrap(), background)
}

#[tokio::test]
async fn a_message_that_no_queue_takes_is_not_accepted() {
    let (rabbit, _background) = process(1);
    let lane = Lane::Partition(2_001);
    rabbit.publish(lane, b"kept".to_vec()).await.unwrap();
    let one = variable("SOTTO_TEST_QUEUE");
    let (login, rest) = one.split_once(',').map_or((one.as_str(), ""), |(first, rest)| (first, rest));
    let vhost = rest.rsplit_once('/').map_or(String::new(), |(_, vhost)| format!("/{vhost}"));
    let connection = Connection::connect(&format!("{login}{vhost}"), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete("partition.p2001".into(), QueueDeleteOptions::default()).await.unwrap();
    let refused = rabbit.publish(lane, b"lost".to_vec()).await.unwrap_err();
    assert!(refused.to_string().contains("nothing is bound"), "{refused}");
}

/// What each worker took, by lane, in the order of taking.
type Log = Arc<Mutex<Vec<(usize, Lane, u32)>>>;

/// Takes from every lane, one at a time, and acknowledges.
fn work(number: usize, rabbit: &Rabbit, lanes: u16, log: &Log) -> Vec<tokio::task::JoinHandle<()>> {
    let spawn = |lane| {
        let (rabbit, log) = (rabbit.clone(), Arc::clone(log));
        #[expect(clippy::disallowed_methods, reason = "aborted below, as a killed worker would be")]
        tokio::spawn(async move {
            loop {
                for taken in rabbit.take(lane, 3).await.unwrap() {
                    let value = String::from_utf8(taken.payload).unwrap().parse().unwrap();
                    log.lock().unwrap().push((number, lane, value));
                    rabbit.ack(lane, &[taken.tag]).await.unwrap();
                }
            }
        })
    };
    (0..lanes).map(Lane::Partition).map(spawn).collect()
}

async fn until(log: &Log, what: impl Fn(&[(usize, Lane, u32)]) -> bool) -> Duration {
    let started = Instant::now();
    while !what(&log.lock().unwrap()) {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", log.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

/// Lanes beyond those that other tests use, so that only these two workers share them.
#[tokio::test]
async fn partitions_are_shared_out_handed_over_and_taken_over_in_order() {
    const LANES: u16 = 8;
    let (publisher, _background) = process(LANES);
    let log = Log::default();
    let ((one, one_background), (two, two_background)) = (process(LANES), process(LANES));
    let first = work(1, &one, LANES, &log);
    let mut said = 0;
    let mut publish = async |count: u32| {
        for value in said..said + count {
            for lane in (0..LANES).map(Lane::Partition) {
                publisher.publish(lane, value.to_string().into_bytes()).await.unwrap();
            }
        }
        said += count;
        said as usize * usize::from(LANES)
    };
    let total = publish(5).await;
    until(&log, |taken| taken.len() >= total).await;

    // A second worker comes, and gets its share while messages flow.
    let second = work(2, &two, LANES, &log);
    let started = Instant::now();
    loop {
        let total = publish(2).await;
        until(&log, |taken| taken.len() >= total).await;
        let lanes = |worker| {
            let taken = log.lock().unwrap();
            let recent = taken.iter().rev().take(usize::from(LANES) * 2).filter(|(by, ..)| *by == worker);
            recent.map(|(_, lane, _)| *lane).collect::<std::collections::BTreeSet<_>>().len()
        };
        if lanes(1) > 0 && lanes(2) > 0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the second worker gets nothing");
    }

    // The first is gone from one moment to the next, as after SIGKILL; the second has all.
    for task in first {
        task.abort();
    }
    drop(one);
    one_background.stop().await;
    let total = publish(5).await;
    let took = until(&log, |taken| taken.len() >= total).await;
    assert!(took < Duration::from_secs(5), "taken over after {took:?}");
    for task in second {
        task.abort();
    }
    two_background.stop().await;

    // Each lane's values came in order; one that came twice came again before any later one was new.
    let mut last: BTreeMap<Lane, u32> = BTreeMap::new();
    for (_, lane, value) in log.lock().unwrap().iter() {
        let expected = last.get(lane).map_or(0, |last| last + 1);
        assert!(*value <= expected, "{lane:?}: {value} came before {expected}");
        last.insert(*lane, (*value).max(expected.saturating_sub(1)).max(*value));
    }
    assert!(last.values().all(|last| *last == said - 1), "{last:?}");
}

/// What is said of a broker that waiting won't mend.
async fn refusal(url: &str) -> String {
    let background = Background::default();
    let rabbit = Rabbit::new(url, 1, &background).unwrap();
    let started = Instant::now();
    loop {
        match rabbit.check() {
            Err(ConnectError::Unusable(unusable)) => break unusable.to_string(),
            _ if started.elapsed() > Duration::from_secs(20) => break String::new(),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

#[tokio::test]
async fn a_refused_login_is_said_in_one_line_that_names_the_cure() {
    let refused = refusal(&variable("SOTTO_TEST_QUEUE").replacen("guest:guest@", "guest:wrong@", 1)).await;
    assert!(refused.starts_with("SOTTO_QUEUE: ") && refused.contains("check user"), "{refused:?}");
    assert_eq!(refused.lines().count(), 1);
}

/// The broker, which says that it is of another version.
async fn posing_as(version: &'static [u8], broker: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&broker).await.unwrap();
            tokio::spawn(async move {
                let mut protocol = [0; 8];
                client.read_exact(&mut protocol).await?;
                server.write_all(&protocol).await?;
                let mut greeting = vec![0; 65_536];
                let read = server.read(&mut greeting).await?;
                greeting.truncate(read);
                let name = b"\x07versionS";
                let found = greeting.windows(name.len()).position(|window| window == name).unwrap();
                // Of the same length, zeros at its end: what stands after it stays where it is.
                let (length, text) = greeting.get_mut(found + name.len()..).unwrap().split_at_mut(4);
                let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
                let text = text.get_mut(..usize::try_from(length).unwrap()).unwrap();
                text.fill(b'0');
                text.get_mut(..version.len()).unwrap().copy_from_slice(version);
                client.write_all(&greeting).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

#[tokio::test]
async fn a_broker_that_is_too_old_is_told_from_one_that_refuses() {
    let url = variable("SOTTO_TEST_QUEUE");
    let (_, rest) = url.split_once('@').unwrap();
    let broker = rest.split([',', '/']).next().unwrap().to_owned();
    let port = posing_as(b"3.9.", broker).await;
    // An old broker refuses what it does not know, as this one refuses the password.
    let refused = refusal(&format!("amqp://guest:wrong@127.0.0.1:{port}/%2f")).await;
    assert!(refused.starts_with("SOTTO_QUEUE: RabbitMQ 3.9.") && refused.contains("too old"), "{refused:?}");
    assert!(refused.contains("run RabbitMQ 3.10 or newer") && refused.lines().count() == 1, "{refused:?}");
}
