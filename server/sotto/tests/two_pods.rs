//! Two pods over one world: what is said on one is heard on the other.

mod world;

use std::sync::Arc;

use serde_json::{Value, json};
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
