//! What was accepted is written once, in order, and survives.

use std::time::Duration;

use super::{
    code, log, refused,
    world::{self, World, words},
};
use shared_types::{
    Code,
    entry::{NewMessage, Status},
    socket::SendMessage,
};
use sotto_core::{
    ports::Lane,
    usecases::entry::{Drafts, Writer, append, send, status},
};

#[tokio::test]
async fn what_is_said_gets_dense_positions_in_the_order_it_was_said() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let mut said = Vec::new();
    for number in 0..20 {
        let who = if number % 3 == 0 { bo } else { ana };
        said.push(send(&world, who, words(&conversation, &format!("{number}"))).await.unwrap().id);
    }
    let log = log(&world, bo, &conversation, 20).await;
    assert_eq!(log.iter().map(|entry| entry.id).collect::<Vec<_>>(), said);
    assert_eq!(log.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_retry_is_the_same_message_and_another_body_is_a_conflict() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let hello = words(&conversation, "hello");
    let first = send(&world, ana, hello.clone()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(send(&world, ana, hello.clone()).await.unwrap(), first);
    }
    log(&world, ana, &conversation, 1).await;
    assert_eq!(send(&world, ana, hello.clone()).await.unwrap(), first, "also when it stands in the log");
    let other = SendMessage {
        message: NewMessage { id: hello.message.id, ..words(&conversation, "bye").message },
        ..hello.clone()
    };
    assert_eq!(refused(send(&world, ana, other).await), (Code::IdConflict, Some("id".into())));
    assert_eq!(code(send(&world, bo, hello).await), Code::IdConflict, "somebody else's id");
    send(&world, ana, words(&conversation, "end")).await.unwrap();
    assert_eq!(log(&world, ana, &conversation, 2).await.len(), 2);
}

#[tokio::test]
async fn a_conflict_is_found_while_the_first_is_still_on_its_way() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    let hello = words(&conversation, "hello");
    send(&world, ana, hello.clone()).await.unwrap();
    let id = hello.message.id;
    let other = SendMessage { message: NewMessage { id, ..words(&conversation, "bye").message }, ..hello.clone() };
    assert_eq!(code(send(&world, ana, other).await), Code::IdConflict);
    let at = (conversation.id, id.unwrap());
    assert_eq!(status(&world, ana, at).await.unwrap().status, Status::Accepted);
}

#[tokio::test]
async fn what_was_accepted_survives_a_restart_before_it_was_appended() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    let mut said = Vec::new();
    for number in 0..5 {
        said.push(send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap().id);
    }
    let world = world.restarted().await;
    let log = log(&world, ana, &conversation, 5).await;
    assert_eq!(log.iter().map(|entry| entry.id).collect::<Vec<_>>(), said);
}

#[tokio::test]
async fn a_poisonous_entry_is_buried_and_the_others_flow() {
    let world = World::running();
    let (ana, _, conversation) = world.pair().await;
    world.queue.publish(world.lane(conversation.id), b"no draft at all".to_vec()).await.unwrap();
    send(&world, ana, words(&conversation, "still here")).await.unwrap();
    assert_eq!(log(&world, ana, &conversation, 1).await.len(), 1);
    assert_eq!(world.queue.dead_count().await.unwrap(), 0, "it is tried again before");
    let dead = loop {
        let dead = world.queue.dead(10).await.unwrap();
        if !dead.is_empty() {
            break dead;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].payload, b"no draft at all");
    let Lane::Partition(number) = dead[0].lane;
    assert!(number < 64);
}

#[tokio::test]
async fn the_number_of_partitions_changes_only_while_nothing_waits() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    send(&world, ana, words(&conversation, "waiting")).await.unwrap();
    let dir = world.close().await;
    let mut settings = world::settings(dir.path());
    settings.partitions = 8;
    let refused = sotto::wire::wire(&settings, sotto::secrets::Cost::Test).await.err().unwrap().to_string();
    assert!(refused.contains("SOTTO_PARTITIONS is 8, and was 64"), "{refused}");
    let world = World::reopened(dir);
    log(&world, ana, &conversation, 1).await;
    let world = world.restarted().await;
    while world.queue.depth(world.lane(conversation.id)).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    let dir = world.close().await;
    dir.path().clone_into(&mut settings.data_dir);
    assert!(sotto::wire::wire(&settings, sotto::secrets::Cost::Test).await.is_ok());
}

#[tokio::test]
async fn a_message_under_anothers_id_that_slipped_through_is_buried() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    let first = words(&conversation, "first");
    send(&world, ana, first.clone()).await.unwrap();
    let lane = world.lane(conversation.id);
    let mut stray: serde_json::Value = {
        let taken = world.queue.take(lane, 1).await.unwrap();
        world.queue.put_off(lane, taken[0].tag, Duration::ZERO).await.unwrap();
        serde_json::from_slice(&taken[0].payload).unwrap()
    };
    stray["envelope"]["content"]["text"] = "second".into();
    world.queue.publish(lane, stray.to_string().into_bytes()).await.unwrap();
    sotto::worker::start(&world.app, &world.workers, &world.stop);
    let entries = log(&world, ana, &conversation, 1).await;
    assert_eq!(entries.len(), 1);
    while world.queue.dead_count().await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let dead = world.queue.dead(1).await.unwrap();
    assert!(dead[0].reason.contains("another message has its id"), "{}", dead[0].reason);
}

#[tokio::test]
async fn what_was_published_twice_is_written_once_whoever_knows_of_it() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    for number in 0..2 {
        send(&world, ana, words(&conversation, &format!("word {number}"))).await.unwrap();
    }
    let taken = world.queue.take(world.lane(conversation.id), 2).await.unwrap();
    let draft = |number: usize| serde_json::from_slice(&taken[number].payload).unwrap();
    let fresh = |number| Drafts { drafts: vec![draft(number)], again: false };
    let (mut one, mut other) = (Writer::default(), Writer::default());
    assert_eq!(append(&world, &mut one, fresh(0)).await.unwrap().written, 1);
    for (writer, what) in [(&mut one, "the same writer"), (&mut other, "one that does not know the conversation")] {
        let outcome = append(&world, writer, fresh(0)).await.unwrap();
        assert_eq!((outcome.written, outcome.known), (0, 1), "{what}");
    }
    // The first one counts on; the other, whose turn it believes to be, is fenced, looks, and finds it.
    assert_eq!(append(&world, &mut one, fresh(1)).await.unwrap().written, 1);
    let outcome = append(&world, &mut other, fresh(1)).await.unwrap();
    assert_eq!((outcome.written, outcome.known), (0, 1));
    assert_eq!(log(&world, ana, &conversation, 2).await.len(), 2);
}
