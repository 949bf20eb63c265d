//! Wake-ups, kept until there are services that reach devices: the newest of them, in the list `woken`.

use async_trait::async_trait;
use redis::cmd;
use serde::{Deserialize, Serialize};
use shared_types::{ConversationId, DeviceId, UserId};
use sotto_core::{
    PortError,
    ports::{Push, Result, Wake},
};

use super::Link;

const KEY: &str = "woken";
const KEPT: usize = 10_000;
const LASTS_S: u64 = 24 * 3_600;

#[derive(Serialize, Deserialize)]
struct Kept {
    user: UserId,
    device: DeviceId,
    conversation: ConversationId,
    unread: u64,
}

#[async_trait]
impl Push for Link {
    async fn wake(&self, wake: Wake) -> Result<()> {
        let Wake { user, device, conversation, unread } = wake;
        let kept = serde_json::to_string(&Kept { user, device, conversation, unread });
        let kept = kept.map_err(|error| PortError::new("push", error))?;
        let commands = vec![
            cmd("LPUSH").arg(KEY).arg(kept).to_owned(),
            cmd("LTRIM").arg(KEY).arg(0).arg(KEPT - 1).to_owned(),
            cmd("EXPIRE").arg(KEY).arg(LASTS_S).to_owned(),
        ];
        self.ask_all::<redis::Value>(commands).await.map(drop)
    }

    async fn sent(&self, limit: usize) -> Result<Vec<Wake>> {
        let last = i64::try_from(limit).unwrap_or(i64::MAX) - 1;
        let kept: Vec<String> = self.ask(cmd("LRANGE").arg(KEY).arg(0).arg(last)).await?;
        let wakes = kept.iter().filter_map(|text| serde_json::from_str::<Kept>(text).ok());
        let wakes =
            wakes.map(|Kept { user, device, conversation, unread }| Wake { user, device, conversation, unread });
        Ok(wakes.collect())
    }
}
