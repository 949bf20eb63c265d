//! Token buckets that all pods share: `limit:<key>`. The server's clock counts, so that pods' clocks don't matter.

use async_trait::async_trait;
use sotto_core::{
    domain::limits::Bucket,
    ports::{Limits, Result},
};

use super::{Link, link::Script};

/// The rule of `domain::limits::Bucket`, where all pods can reach it.
static TAKE: Script = Script::new(
    r"
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or capacity, tonumber(kept[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) / 1000 * rate)
local wait = 0
if tokens >= 1 then
  tokens = tokens - 1
else
  wait = math.max(1, math.ceil((1 - tokens) / rate))
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', math.max(now, at)))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - tokens) / rate * 1000) + 1000)
return wait
",
);

#[async_trait]
impl Limits for Link {
    async fn take(&self, key: &str, bucket: Bucket) -> Result<Option<u64>> {
        let (capacity, rate) = (bucket.capacity.to_string(), bucket.per_second.to_string());
        let wait: u64 = self.run(&TAKE, &[&format!("limit:{key}")], &[&capacity, &rate]).await?;
        Ok((wait > 0).then_some(wait))
    }
}
