//! How long a message takes to the other's device, in an open loop: late is counted from the moment it was due.

use std::time::{Duration, Instant};

use anyhow::Result;
use sotto_chaos::socket::Socket;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};
use uuid::Uuid;

use crate::clock::Times;
use crate::crowd::{Stage, payload, words};
use crate::figures::{self, Deliver, Latency};
use crate::send::{self, CONVERSATIONS, SENDERS};

const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(20);
/// How long the last ones may take.
const DRAIN: Duration = Duration::from_secs(10);

/// A schedule: everyone sends every `gap`, each at another moment.
#[derive(Debug, Clone, Copy)]
struct Plan {
    zero: Instant,
    gap: Duration,
    end: Instant,
}

/// Measures at 1,000 a second, and at half of what can be accepted.
pub(crate) async fn measure() -> Result<Deliver> {
    let most = match figures::kept::<figures::Send>("send")? {
        Some(kept) => kept.socket.per_second,
        None => send::measure().await?.socket.per_second,
    };
    let at_thousand = at(1000.0).await?;
    let at_half = at(most / 2.0).await?;
    Ok(Deliver { at_thousand, at_half })
}

async fn at(rate: f64) -> Result<Latency> {
    let stage = Stage::open().await?;
    let people = stage.people(SENDERS).await?;
    let conversations = stage.conversations(&people, CONVERSATIONS).await?;
    let mut sockets = Vec::new();
    for person in &people {
        sockets.push(Socket::connect(stage.address(), &person.token).await?);
    }
    let zero = Instant::now() + Duration::from_millis(500);
    let senders = u32::try_from(SENDERS)?;
    let gap = Duration::from_secs_f64(f64::from(senders) / rate);
    let mut crowd = JoinSet::new();
    for (number, (socket, own)) in (0_u32..).zip(sockets.into_iter().zip(conversations)) {
        let offset = gap * number / senders;
        let plan = Plan { zero: zero + offset, gap, end: zero + WARM_UP + MEASURED };
        crowd.spawn(take_part(socket, own, plan, number, zero));
    }
    let (mut times, mut sent) = (Times::default(), 0_u64);
    while let Some(done) = crowd.join_next().await {
        let (own_times, own_sent) = done??;
        times.merge(own_times);
        sent += own_sent;
    }
    let missing = sent.saturating_sub(times.count() as u64);
    let latency = Latency {
        rate,
        sent,
        missing,
        p50_ms: times.per_mille_ms(500),
        p99_ms: times.per_mille_ms(990),
        max_ms: times.per_mille_ms(1000),
    };
    println!("  at {rate:.0}/s: p50 {:.1} ms, p99 {:.1} ms, {missing} missing", latency.p50_ms, latency.p99_ms);
    Ok(latency)
}

/// One person: sends when it is time, and measures what the others' messages took. Messages of the warm-up don't count.
async fn take_part(mut socket: Socket, own: Vec<Uuid>, plan: Plan, me: u32, zero: Instant) -> Result<(Times, u64)> {
    let (mut times, mut sent, mut round) = (Times::default(), 0, 0_u32);
    let counted_from = zero + WARM_UP;
    let mine = format!("@s{me}@");
    let mut targets = own.iter().cycle();
    let over = sleep(plan.end.saturating_duration_since(Instant::now()) + DRAIN);
    tokio::pin!(over);
    let mut last_heard = Instant::now();
    loop {
        let due = plan.zero + plan.gap * round;
        let quiet = due >= plan.end && last_heard.elapsed() > Duration::from_secs(2);
        if quiet {
            return Ok((times, sent));
        }
        tokio::select! {
            () = &mut over => return Ok((times, sent)),
            () = sleep_until(due.into()), if due < plan.end => {
                round += 1;
                let Some(target) = targets.next() else { continue };
                let mark = format!("@t{}{mine}", due.saturating_duration_since(zero).as_micros());
                socket.emit("message:send", &payload(*target, &words(&mark))).await?;
                sent += u64::from(due >= counted_from);
            }
            frame = socket.frame() => {
                let frame = frame?;
                last_heard = Instant::now();
                if let Some(due) = due_of(&frame, &mine).map(|micros| zero + Duration::from_micros(micros))
                    && due >= counted_from
                {
                    times.add(due.elapsed());
                }
            }
            () = sleep(Duration::from_millis(500)) => {}
        }
    }
}

/// When a heard message was due; nothing for other frames, and for one's own.
fn due_of(frame: &str, mine: &str) -> Option<u64> {
    if !frame.starts_with("42") || frame.contains(mine) {
        return None;
    }
    let from = frame.find("@t")? + 2;
    let digits = frame.get(from..)?.split('@').next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::due_of;

    #[test]
    fn the_due_moment_is_read_from_others_messages_only() {
        let frame = r#"42["message",{"text":"@t1500@s3@ and then"}]"#;
        assert_eq!(due_of(frame, "@s4@"), Some(1500));
        assert_eq!(due_of(frame, "@s3@"), None);
        assert_eq!(due_of("431[{\"ok\":true}]", "@s4@"), None);
    }
}
