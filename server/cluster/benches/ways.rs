//! What a live event costs on each of the ways that the courier has for it, with four pods: to the one that holds the
//! socket, to all of them over Redis (as a Socket.IO adapter publishes), to all of them over RabbitMQ.
//! `cargo xtask bench ways` starts the engines, and puts the figures into docs/benchmarks.md.
#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a broken engine ends the measurement, and figures are of a few seconds"
)]

#[path = "../tests/world/mod.rs"]
mod world;

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use shared_types::{ConversationId, ServerEvent, UserId, socket::TypingEvent};
use sotto_core::ports::{Audience, Heard, Inbox, PodId};
use uuid::Uuid;
use world::World;

const PODS: usize = 4;
const USERS: usize = 400;
/// Events a second: few, and as many as keep a pod busy.
const RATES: [u32; 2] = [200, 2_000];
/// How long each way is measured, and what goes before unmeasured.
const MEASURED: Duration = Duration::from_secs(6);
const WARM_UP: Duration = Duration::from_secs(1);
/// How long the last events may take, and for how long it is seen what all needs at rest.
const SETTLE: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_secs(3);
/// The first number of events that are not measured.
const UNMEASURED: usize = 1 << 32;
/// How often all of it is done, in turns.
const TURNS: usize = 2;
/// Where the figures are kept, from this crate's folder.
const KEPT: &str = "../../build/bench/ways.json";

#[derive(Clone, Copy)]
enum Way {
    Directed,
    AllOverRedis,
    AllOverRabbit,
}

impl Way {
    const ALL: [Self; 3] = [Self::Directed, Self::AllOverRedis, Self::AllOverRabbit];

    fn name(self) -> &'static str {
        match self {
            Self::Directed => "to the pod that holds the socket, over Redis",
            Self::AllOverRedis => "to all pods, over Redis",
            Self::AllOverRabbit => "to all pods, over RabbitMQ",
        }
    }

    fn audience(self, user: UserId) -> Audience {
        match self {
            Self::Directed => Audience::Users(vec![user]),
            Self::AllOverRedis => Audience::Watchers(user),
            Self::AllOverRabbit => Audience::Members(ConversationId::from(user.bytes())),
        }
    }
}

/// What has been heard: the number of each event, at which pod, and when.
type Log = Arc<Mutex<Vec<(usize, usize, Instant)>>>;

/// An event that carries its number.
fn event(number: usize) -> ServerEvent {
    let mut id = [7; 16];
    id[8..].copy_from_slice(&(number as u64).to_be_bytes());
    ServerEvent::Typing(TypingEvent { conversation_id: id.into(), user_id: [2; 16].into(), active: true })
}

fn number(event: &ServerEvent) -> Option<usize> {
    let ServerEvent::Typing(typing) = event else { return None };
    let tail: [u8; 8] = typing.conversation_id.bytes()[8..].try_into().ok()?;
    Some(u64::from_be_bytes(tail) as usize)
}

async fn hear(pod: usize, mut inbox: Box<dyn Inbox>, log: Log) {
    while let Some(heard) = inbox.next().await {
        if let Heard::Parcel(parcel) = heard
            && let Some(number) = number(&parcel.event)
        {
            log.lock().unwrap().push((number, pod, Instant::now()));
        }
    }
}

/// Milliseconds of processor time: of this process, and of the whole machine.
fn used() -> (f64, f64) {
    const TICK_MS: f64 = 10.0;
    let ticks = |text: &str, fields: &[usize]| -> f64 {
        let fields = fields.iter().filter_map(|at| text.split_whitespace().nth(*at)?.parse::<f64>().ok());
        fields.sum::<f64>() * TICK_MS
    };
    let own = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = own.rsplit_once(')').unwrap();
    let all = fs::read_to_string("/proc/stat").unwrap();
    // Of the process user and system, of the machine everything but its two kinds of idleness: proc(5).
    (ticks(after_name, &[11, 12]), ticks(all.lines().next().unwrap(), &[1, 2, 3, 6, 7, 8]))
}

struct Cluster {
    sender: World,
    pods: Vec<(World, PodId)>,
    users: Vec<UserId>,
    log: Log,
}

impl Cluster {
    async fn open() -> Self {
        let log = Log::default();
        let mut pods = Vec::new();
        for at in 0..PODS {
            let (world, pod) = (World::open("SOTTO_TEST_CACHE").await, PodId(format!("ways-{at}").into()));
            let inbox = world.app.delivery.listen(&pod).await.unwrap();
            #[expect(clippy::disallowed_methods, reason = "ends with the process")]
            tokio::spawn(hear(at, inbox, Arc::clone(&log)));
            pods.push((world, pod));
        }
        let users = (0..USERS).map(|_| Uuid::now_v7().into_bytes().into()).collect();
        Self { sender: World::open("SOTTO_TEST_CACHE").await, pods, users, log }
    }

    /// Everybody has a socket at one pod.
    async fn arrive(&self) {
        for (at, user) in self.users.iter().enumerate() {
            let (world, pod) = &self.pods[at % PODS];
            world.app.directory.arrive(pod, *user, world.app.clock.now()).await.unwrap();
        }
    }

    /// Sends at a rate, whatever comes of it, with numbers from `first` on; gives when each was due.
    async fn send(&self, way: Way, (rate, first): (u32, usize), lasts: Duration) -> Vec<Instant> {
        let count = (lasts.as_secs_f64() * f64::from(rate)) as usize;
        let (began, mut due) = (Instant::now(), Vec::with_capacity(count));
        for number in 0..count {
            let at = began + Duration::from_secs(1) * number as u32 / rate;
            tokio::time::sleep_until(at.into()).await;
            due.push(at);
            let to = way.audience(self.users[number % USERS]);
            self.sender.app.delivery.tell(to, event(first + number)).await;
        }
        tokio::time::sleep(SETTLE).await;
        due
    }

    async fn measure(&self, way: Way, rate: u32) -> Value {
        self.arrive().await;
        self.send(way, (rate, UNMEASURED), WARM_UP).await;
        let idle = used();
        tokio::time::sleep(IDLE).await;
        let before = used();
        let due = self.send(way, (rate, 0), MEASURED).await;
        let after = used();
        // Each once, however often it came.
        let mut heard = HashMap::new();
        for (number, pod, at) in std::mem::take(&mut *self.log.lock().unwrap()) {
            if number < due.len() && number % PODS == pod {
                heard.entry(number).or_insert(at);
            }
        }
        let mut took: Vec<f64> =
            heard.iter().map(|(number, at)| (*at - due[*number]).as_secs_f64() * 1_000.0).collect();
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took.get(((took.len() as f64) * share) as usize).copied().unwrap_or_default();
        // What it all needs at rest is none of the events'.
        let rests = (MEASURED + SETTLE).as_secs_f64() / IDLE.as_secs_f64();
        let spent = |at: fn((f64, f64)) -> f64| at(after) - at(before) - (at(before) - at(idle)) * rests;
        let (own, all) = (spent(|used| used.0), spent(|used| used.1));
        let per_event = |ms: f64| ms * 1_000.0 / due.len() as f64;
        json!({
            "name": way.name(),
            "rate": rate,
            "pods_us": per_event(own),
            "rest_us": per_event(all - own),
            "p50_ms": at(0.5),
            "p99_ms": at(0.99),
            "missing": due.len().saturating_sub(took.len()),
        })
    }
}

#[tokio::main]
async fn main() {
    let cluster = Cluster::open().await;
    let mut measured = Vec::new();
    for turn in 0..TURNS {
        for rate in RATES {
            let mut ways = Way::ALL;
            if turn % 2 == 1 {
                ways.reverse();
            }
            for way in ways {
                measured.push(cluster.measure(way, rate).await);
            }
        }
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(KEPT);
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(kept, serde_json::to_vec_pretty(&measured).unwrap()).unwrap();
    cluster.sender.background.stop().await;
    for (world, _) in cluster.pods {
        world.background.stop().await;
    }
}
