//! Live events, directed: the presence directory says which pods hold somebody's sockets, and only those are told, over a
//! Redis channel of their own. What concerns many goes to all pods at once, over a fanout exchange. Events gather while
//! others are on their way, so that the busier it gets, the less each costs. Where Redis is away, everything takes the
//! exchange; what is lost all the same is found missing, and the pod told so.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use redis::cmd;
use shared_types::{ServerEvent, Timestamp, UserId};
use sotto_core::ports::{Audience, Clock, Delivery, Heard as Event, Inbox, PodId, Result};
use tokio::sync::{Notify, mpsc};
use tracing::{debug, warn};

use crate::{
    Background,
    heard::{Heard, Said},
    letter::{Letter, Read, Written},
    near::{self, Near, Stale},
    rabbit::{Fanout, Rabbit},
    redis::{Channels, Link},
};

/// The channel that every pod hears.
const EVERYBODY: &str = "pods";
/// How many events may wait to be sent, and how many go together.
const WAITING: usize = 65_536;
const TOGETHER: usize = 256;
/// How long a new pod waits for its subscriptions.
const SUBSCRIBE: Duration = Duration::from_secs(5);

fn channel(pod: &PodId) -> String {
    format!("pod:{}", pod.0)
}

/// The way of live events between pods. Cheap to clone.
#[derive(Clone)]
pub struct Courier {
    shared: Arc<Shared>,
}

struct Shared {
    link: Link,
    fanout: Fanout,
    clock: Arc<dyn Clock>,
    outgoing: mpsc::Sender<Outgoing>,
    /// The pods in this process, told without a detour.
    here: Mutex<HashMap<PodId, Letterbox>>,
    background: Background,
}

/// An event that was told, with the moment of that.
struct Outgoing {
    to: Audience,
    event: ServerEvent,
    said_at: Timestamp,
    boxes: Vec<sotto_core::ports::Post>,
}

/// The way into a pod of this process.
#[derive(Clone)]
struct Letterbox {
    letters: mpsc::Sender<Read>,
    missed: Arc<Missed>,
}

/// That something was lost, until the pod knows.
#[derive(Default)]
struct Missed {
    is: AtomicBool,
    now: Notify,
}

impl Letterbox {
    fn put(&self, letter: Read) {
        if self.letters.try_send(letter).is_err() {
            warn!("this pod is behind: an event was dropped, its clients will sync");
            self.miss();
        }
    }

    fn miss(&self) {
        self.missed.is.store(true, Ordering::Relaxed);
        self.missed.now.notify_one();
    }
}

struct Letters {
    come: mpsc::Receiver<Read>,
    missed: Arc<Missed>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Inbox for Letters {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.missed.is.swap(false, Ordering::Relaxed) {
                return Some(Event::Missed);
            }
            tokio::select! {
                letter = self.come.recv() => {
                    let now = self.clock.now();
                    return letter.map(|letter| Event::Parcel(Box::new(letter.parcel(now))));
                }
                () = self.missed.now.notified() => {}
            }
        }
    }
}

/// What goes where.
#[derive(Default)]
struct Post<'a> {
    /// To the pods that hold the sockets.
    directed: BTreeMap<PodId, Vec<Letter<'a>>>,
    /// To all pods, over Redis: they watch, or hold, who knows whose sockets.
    everybody: Vec<Letter<'a>>,
    /// To all pods, over the exchange.
    fanout: Vec<Letter<'a>>,
}

impl Courier {
    /// Starts sending. `near` is told what the other pods change.
    pub fn start(link: Link, rabbit: &Rabbit, near: Near, clock: Arc<dyn Clock>, background: &Background) -> Self {
        let (outgoing, waiting) = mpsc::channel(WAITING);
        let (here, background) = (Mutex::default(), background.clone());
        let shared = Arc::new(Shared { link, fanout: rabbit.fanout(), clock, outgoing, here, background });
        let (sender, owner) = (Arc::clone(&shared), shared.background.clone());
        shared.background.spawn(async move {
            tokio::select! {
                () = owner.stopped() => {}
                () = sender.send_all(waiting) => {}
            }
        });
        let stale = Channels::listen(&shared.link, vec![near::CHANNEL.to_owned()], &shared.background);
        shared.background.spawn(hear_of_changes(stale, near));
        Self { shared }
    }
}

/// Keeps a pod's memory true, until the channel ends.
async fn hear_of_changes(mut heard: mpsc::Receiver<Heard>, near: Near) {
    while let Some(heard) = heard.recv().await {
        match heard {
            Heard::Listening => near.hears(true),
            Heard::Deaf => near.hears(false),
            Heard::Said(said) => {
                if let Ok(stale) = serde_json::from_slice::<Stale>(&said.payload) {
                    near.forget(&stale);
                } else {
                    // Said by a newer version: whatever it is, nothing that was remembered is believed.
                    near.hears(false);
                    near.hears(true);
                }
            }
        }
    }
}

impl Shared {
    fn put(&self, outgoing: Outgoing) {
        if self.outgoing.try_send(outgoing).is_err() {
            warn!("too many events wait to be sent: one was dropped, clients will find it in the log");
        }
    }

    async fn send_all(&self, mut waiting: mpsc::Receiver<Outgoing>) {
        let mut batch = Vec::new();
        while waiting.recv_many(&mut batch, TOGETHER).await > 0 {
            let written: Vec<Written> = batch
                .drain(..)
                .filter_map(|Outgoing { to, event, said_at, boxes }| {
                    Some(Written { to, event: serde_json::value::to_raw_value(&event).ok()?, said_at, boxes })
                })
                .collect();
            let post = self.sort(&written).await;
            self.send(post).await;
        }
    }

    async fn sort<'a>(&self, written: &'a [Written]) -> Post<'a> {
        let mut post = Post::default();
        let pods = self.pods(written).await;
        for event in written {
            let whole = || event.letter(event.to.clone());
            match &event.to {
                Audience::Users(users) => match &pods {
                    Some(pods) => {
                        for (pod, users) in by_pod(users, pods) {
                            post.directed.entry(pod).or_default().push(event.letter(Audience::Users(users)));
                        }
                    }
                    None => post.fanout.push(whole()),
                },
                Audience::Members(_) => post.fanout.push(whole()),
                Audience::Watchers(_) | Audience::Parted(..) | Audience::EndedSession(_) => {
                    post.everybody.push(whole());
                }
            }
        }
        post
    }

    /// The pods of everybody who is named; `None` where the directory does not answer.
    async fn pods(&self, written: &[Written]) -> Option<HashMap<UserId, Vec<PodId>>> {
        let named = written.iter().filter_map(|event| match &event.to {
            Audience::Users(users) => Some(users),
            Audience::Members(_) | Audience::Watchers(_) | Audience::Parted(..) | Audience::EndedSession(_) => None,
        });
        let users: HashSet<UserId> = named.flatten().copied().collect();
        let users: Vec<UserId> = users.into_iter().collect();
        match self.link.pods(&users, self.clock.now()).await {
            Ok(pods) => Some(users.into_iter().zip(pods).collect()),
            Err(error) => {
                debug!(%error, "the directory does not answer: all pods are told");
                None
            }
        }
    }

    async fn send(&self, mut post: Post<'_>) {
        let here: Vec<(PodId, Letterbox)> = {
            let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
            here.retain(|_, letterbox| !letterbox.letters.is_closed());
            here.iter().map(|(pod, letterbox)| (pod.clone(), letterbox.clone())).collect()
        };
        for (pod, letterbox) in &here {
            for letter in post.directed.remove(pod).unwrap_or_default() {
                if let Ok(event) = serde_json::from_str(letter.event.get()) {
                    let boxes = letter.boxes.into_iter().cloned().collect();
                    letterbox.put(Read { to: letter.to, event, said_at: Some(letter.said_at), boxes });
                }
            }
        }
        let mut batches: Vec<(String, Vec<Letter<'_>>)> =
            post.directed.into_iter().map(|(pod, letters)| (channel(&pod), letters)).collect();
        if !post.everybody.is_empty() {
            batches.push((EVERYBODY.to_owned(), post.everybody));
        }
        let publishes = batches.iter().filter_map(|(channel, letters)| {
            Some(cmd("PUBLISH").arg(channel).arg(serde_json::to_vec(letters).ok()?).to_owned())
        });
        match self.link.ask_all::<i64>(publishes.collect()).await {
            Ok(heard) => {
                // A pod that is there but does not hear on its channel hears on the exchange.
                let deaf =
                    batches.into_iter().zip(heard).filter(|(_, heard)| *heard == 0 && self.link.counts_subscribers());
                post.fanout.extend(deaf.flat_map(|((_, letters), _)| letters));
            }
            Err(_) => post.fanout.extend(batches.into_iter().flat_map(|(_, letters)| letters)),
        }
        if post.fanout.is_empty() {
            return;
        }
        let Ok(payload) = serde_json::to_vec(&post.fanout) else { return };
        if let Err(error) = self.fanout.say(&payload).await {
            warn!(%error, "{} events could not be told; clients will find them in the log", post.fanout.len());
        }
    }

    /// Puts what comes from elsewhere into a pod's letterbox.
    async fn receive(&self, pod: PodId, letterbox: Letterbox, ready: mpsc::Sender<()>) {
        let own = Channels::listen(&self.link, vec![channel(&pod), EVERYBODY.to_owned()], &self.background);
        let all = self.fanout.listen(&pod.0, &self.background);
        let (mut own, mut all) = (Subscription::new(own), Subscription::new(all));
        loop {
            let (heard, first) = tokio::select! {
                heard = own.next() => heard,
                heard = all.next() => heard,
                () = letterbox.letters.closed() => return,
            };
            match heard {
                Some(Heard::Said(said)) => deliver(&letterbox, &said),
                Some(Heard::Listening) if first => drop(ready.send(()).await),
                Some(Heard::Listening) => letterbox.miss(),
                Some(Heard::Deaf) => {}
                None => return,
            }
        }
    }
}

/// A subscription that knows whether it has stood before.
struct Subscription {
    heard: mpsc::Receiver<Heard>,
    stood: bool,
}

impl Subscription {
    fn new(heard: mpsc::Receiver<Heard>) -> Self {
        Self { heard, stood: false }
    }

    /// What is heard, and whether it is the first that is.
    async fn next(&mut self) -> (Option<Heard>, bool) {
        let heard = self.heard.recv().await;
        let first = !std::mem::replace(&mut self.stood, true);
        (heard, first)
    }
}

fn deliver(letterbox: &Letterbox, said: &Said) {
    match serde_json::from_slice::<Vec<Read>>(&said.payload) {
        Ok(letters) => letters.into_iter().for_each(|letter| letterbox.put(letter)),
        Err(error) => {
            warn!(%error, "events on {} can't be read: clients will sync", said.channel);
            letterbox.miss();
        }
    }
}

/// These people by the pods that hold their sockets.
fn by_pod(users: &[UserId], pods: &HashMap<UserId, Vec<PodId>>) -> BTreeMap<PodId, Vec<UserId>> {
    let mut by_pod: BTreeMap<PodId, Vec<UserId>> = BTreeMap::new();
    for user in users {
        for pod in pods.get(user).into_iter().flatten() {
            by_pod.entry(pod.clone()).or_default().push(*user);
        }
    }
    by_pod
}

#[async_trait]
impl Delivery for Courier {
    async fn tell(&self, to: Audience, event: ServerEvent) {
        self.tell_as_of(to, event, self.shared.clock.now()).await;
    }

    async fn tell_as_of(&self, to: Audience, event: ServerEvent, said_at: Timestamp) {
        self.shared.put(Outgoing { to, event, said_at, boxes: Vec::new() });
    }

    async fn tell_boxed(&self, to: Audience, event: ServerEvent, boxes: Vec<sotto_core::ports::Post>) {
        self.shared.put(Outgoing { to, event, said_at: self.shared.clock.now(), boxes });
    }

    async fn listen(&self, pod: &PodId) -> Result<Box<dyn Inbox>> {
        let (letters, receiver) = mpsc::channel(WAITING);
        let letterbox = Letterbox { letters, missed: Arc::default() };
        let missed = Arc::clone(&letterbox.missed);
        let letters = Letters { come: receiver, missed, clock: Arc::clone(&self.shared.clock) };
        let (ready, mut stands) = mpsc::channel(2);
        let (shared, name, into) = (Arc::clone(&self.shared), pod.clone(), letterbox.clone());
        self.shared.background.spawn(async move { shared.receive(name, into, ready).await });
        let both = async { (stands.recv().await, stands.recv().await) };
        if tokio::time::timeout(SUBSCRIBE, both).await.is_err() {
            warn!("this pod does not hear the others yet");
        }
        self.shared.here.lock().unwrap_or_else(PoisonError::into_inner).insert(pod.clone(), letterbox);
        Ok(Box::new(letters))
    }
}
