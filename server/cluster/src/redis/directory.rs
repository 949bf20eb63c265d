//! Who is connected to which pods: `here:{<user>}` has a field a pod, with the moment until which its word holds;
//! `seen:{<user>}` the last moment.

use async_trait::async_trait;
use redis::{Cmd, cmd};
use shared_types::{Timestamp, UserId, socket::Presence};
use sotto_core::ports::{Directory, PodId, Result, presence::EXPIRES_MS};

use super::{Link, link::Script};

/// How long a last moment is remembered.
const SEEN_MS: i64 = 30 * 24 * 3_600_000;
/// How many people are told of in one go.
const CHUNK: usize = 500;

/// KEYS: here, seen. ARGV: pod, now, until, how long to keep each. Gives 1 if the person came online by it.
static ARRIVE: Script = Script::new(
    r"
local online = 0
local pods = redis.call('HGETALL', KEYS[1])
for i = 1, #pods, 2 do
  if tonumber(pods[i + 1]) > tonumber(ARGV[2]) then online = 1 else redis.call('HDEL', KEYS[1], pods[i]) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[5])
return 1 - online
",
);

/// KEYS: here, seen. ARGV: pod, now, how long to keep the last moment. Gives 1 if the person went offline by it.
static LEAVE: Script = Script::new(
    r"
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
local pods = redis.call('HVALS', KEYS[1])
for i = 1, #pods do
  if tonumber(pods[i]) > tonumber(ARGV[2]) then return 0 end
end
return 1
",
);

fn here(user: UserId) -> String {
    format!("here:{{{user}}}")
}

fn seen(user: UserId) -> String {
    format!("seen:{{{user}}}")
}

impl Link {
    /// The pods that hold sockets of these people now, in the order asked.
    pub(crate) async fn pods(&self, users: &[UserId], now: Timestamp) -> Result<Vec<Vec<PodId>>> {
        let asks = users.iter().map(|user| cmd("HGETALL").arg(here(*user)).to_owned()).collect();
        let answers: Vec<Vec<(String, i64)>> = self.ask_all(asks).await?;
        let live = |pods: Vec<(String, i64)>| {
            let pods = pods.into_iter().filter(|(_, until)| *until > now.0);
            pods.map(|(pod, _)| PodId(pod.into())).collect()
        };
        Ok(answers.into_iter().map(live).collect())
    }
}

#[async_trait]
impl Directory for Link {
    async fn arrive(&self, pod: &PodId, user: UserId, now: Timestamp) -> Result<bool> {
        let (at, until) = (now.0.to_string(), now.plus_ms(EXPIRES_MS).0.to_string());
        let (keep, keep_seen) = (EXPIRES_MS.to_string(), SEEN_MS.to_string());
        let came: i64 =
            self.run(&ARRIVE, &[&here(user), &seen(user)], &[&pod.0, &at, &until, &keep, &keep_seen]).await?;
        Ok(came == 1)
    }

    async fn leave(&self, pod: &PodId, user: UserId, now: Timestamp) -> Result<bool> {
        let (at, keep) = (now.0.to_string(), SEEN_MS.to_string());
        let went: i64 = self.run(&LEAVE, &[&here(user), &seen(user)], &[&pod.0, &at, &keep]).await?;
        Ok(went == 1)
    }

    async fn beat(&self, pod: &PodId, users: &[UserId], now: Timestamp) -> Result<Vec<UserId>> {
        let until = now.plus_ms(EXPIRES_MS).0;
        let mut lost = Vec::new();
        for chunk in users.chunks(CHUNK) {
            let words = chunk.iter().map(|user| cmd("HSET").arg(here(*user)).arg(&*pod.0).arg(until).to_owned());
            let new: Vec<i64> = self.ask_all(words.collect()).await?;
            lost.extend(chunk.iter().zip(new).filter(|(_, new)| *new > 0).map(|(user, _)| *user));
            let ends = chunk.iter().flat_map(|user| {
                [
                    cmd("PEXPIRE").arg(here(*user)).arg(EXPIRES_MS).to_owned(),
                    cmd("SET").arg(seen(*user)).arg(now.0).arg("PX").arg(SEEN_MS).to_owned(),
                ]
            });
            self.ask_all::<redis::Value>(ends.collect::<Vec<Cmd>>()).await?;
        }
        Ok(lost)
    }

    async fn look(&self, users: &[UserId], now: Timestamp) -> Result<Vec<Presence>> {
        let pods = self.pods(users, now).await?;
        let asks = users.iter().map(|user| cmd("GET").arg(seen(*user)).to_owned()).collect();
        let last: Vec<Option<i64>> = self.ask_all(asks).await?;
        let states = users.iter().zip(pods).zip(last).map(|((user_id, pods), last)| Presence {
            user_id: *user_id,
            online: !pods.is_empty(),
            last_seen: last.map(Timestamp),
        });
        Ok(states.collect())
    }
}
