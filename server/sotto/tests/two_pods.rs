//! Two pods over one world: what is said on one is heard on the other.

mod world;

use std::sync::Arc;

use serde_json::{Value, json};
use shared_types::{ConversationId, Receipt, Seq, ServerEvent, UserId};
use sotto_core::{domain::receipt::Watermark, ports::Audience};
use world::{
    World,
    served::{Served, plain},
};

#[tokio::test]
async fn people_on_two_pods_hear_each_other() {
    let world = Arc::new(World::running());
    let (one, other) = (Served::open(Arc::clone(&world)).await, Served::open(world).await);
    let (ana, bo, id) = one.pair().await;
    let (mut hers, mut his) = (one.socket(&ana.token).await, other.socket(&bo.token).await);
    let states = hers.call("presence:watch", json!({"user_ids": [bo.id]})).await;
    assert_eq!(states["states"][0]["online"], true);

    his.call("message:send", json!({"conversation_id": id, "envelope": plain("from the other pod")})).await;
    assert_eq!(hers.event("message").await["envelope"]["content"]["text"], "from the other pod");
    hers.call("typing", json!({"conversation_id": id, "active": true})).await;
    assert_eq!(his.event("typing").await["user_id"], ana.id);

    let path = format!("/sessions/{}", bo.session);
    assert_eq!(one.call("DELETE", &path, Some(&bo.token), Value::Null).await.0, 204);
    assert_eq!(his.event("session").await["reason"], "revoked");
    assert_eq!(hers.event("presence").await["online"], false);
}

#[tokio::test]
async fn a_late_receipt_is_lifted_by_a_pod_that_missed_the_later_ones() {
    let served = Served::alone().await;
    let (ana, bo, id) = served.pair().await;
    let mut hers = served.socket(&ana.token).await;
    let (conversation_id, user_id) = (ConversationId(id.parse().unwrap()), UserId(bo.id.parse().unwrap()));
    let app = &served.world.app;

    // Told by another pod; its event never came here.
    let later = Watermark { delivered: Seq(9), read: Seq(8) };
    app.receipts.raise(conversation_id, user_id, later).await.unwrap();
    let late = Receipt { conversation_id, user_id, delivered_seq: Seq(7), read_seq: Seq(6) };
    app.delivery.tell(Audience::Users(vec![UserId(ana.id.parse().unwrap())]), ServerEvent::Receipt(late)).await;
    let heard = hers.event("receipt").await;
    assert_eq!((&heard["delivered_seq"], &heard["read_seq"]), (&json!(9), &json!(8)));
}
