//! Sotto itself on the engines: pods that serve people, pods that work, and nginx before the former.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::ask::{Ready, is_free};
use crate::engines::{Engines, joined};
use crate::gateway;
use crate::plan::Ports;
use crate::process::{Process, Spec};
use crate::record::Layer;
use crate::settings::Variable;

/// What a pod may take until it is ready.
const LIMIT: Duration = Duration::from_mins(1);
/// The pods: names and roles.
const PODS: [(&str, &str); 4] = [("api-1", "api"), ("api-2", "api"), ("worker-1", "worker"), ("worker-2", "worker")];

/// What the pods are made of.
#[derive(Debug, Clone)]
pub struct Pods {
    /// The server's program.
    pub binary: PathBuf,
    /// The built web client.
    pub web: PathBuf,
    /// Where nginx listens on loopback: what people open.
    pub port: u16,
    /// Settings of the caller's; they win over those that are chosen here, and lose to those that the engines need.
    pub own: Vec<Variable>,
}

impl Pods {
    /// How people reach them.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Says what stands in the way, before engines are started for pods that could not be.
pub fn must_be_free(ports: Ports, pods: &Pods) -> Result<()> {
    if !is_free(pods.port) {
        bail!("port {} on 127.0.0.1, for nginx, is taken by another program", pods.port);
    }
    for (number, (name, _)) in (1..).zip(PODS) {
        let taken = [ports.pod(number), ports.pod_metrics(number)].into_iter().find(|port| !is_free(*port));
        if let Some(port) = taken {
            bail!("port {port} (for {name}) is taken by another program on 127.0.0.1");
        }
    }
    Ok(())
}

/// Brings the store up to date, starts all pods and nginx, and returns when all of them are ready.
pub fn start(engines: &Engines, pods: &Pods) -> Result<()> {
    migrate(engines, pods)?;
    let mut started = Vec::new();
    for (number, (name, role)) in (1..).zip(PODS) {
        let process = engines.add(Layer::Pods, spec(engines, pods, number, name, role)?)?;
        process.start()?;
        started.push(process);
    }
    std::thread::scope(|scope| {
        let waits: Vec<_> = started.iter().map(|pod| scope.spawn(|| pod.wait_until_ready(LIMIT))).collect();
        waits.into_iter().try_for_each(|wait| joined(wait.join()))
    })?;
    let ports: Vec<u16> =
        (1..).zip(PODS).filter(|(_, (_, role))| *role == "api").map(|(pod, _)| engines.ports().pod(pod)).collect();
    let gateway: Process = engines.add(Layer::Gateway, gateway::spec(engines, pods.port, &ports)?)?;
    gateway.start()?;
    gateway.wait_until_ready(LIMIT)
}

fn spec(engines: &Engines, pods: &Pods, number: u16, name: &str, role: &str) -> Result<Spec> {
    let ports = engines.ports();
    let (listen, metrics) = (ports.pod(number), ports.pod_metrics(number));
    let home = engines.home(name)?;
    let mut env = settings(engines, pods)?;
    env.push(("SOTTO_LISTEN".to_owned(), format!("127.0.0.1:{listen}")));
    env.push(("SOTTO_METRICS_LISTEN".to_owned(), format!("127.0.0.1:{metrics}")));
    env.push(("SOTTO_DATA_DIR".to_owned(), home.to_string_lossy().into_owned()));
    Ok(Spec {
        name: name.to_owned(),
        program: pods.binary.clone(),
        args: ["serve", "--role", role].map(str::to_owned).into(),
        env,
        dir: home,
        log: engines.log(name),
        ports: vec![listen, metrics],
        ready: Ready::Http(listen, "/readyz".to_owned()),
    })
}

/// What all pods are told alike. A name that comes twice counts as it comes last.
fn settings(engines: &Engines, pods: &Pods) -> Result<Vec<Variable>> {
    let chosen = [
        ("SOTTO_WEB_DIR", pods.web.to_string_lossy().into_owned()),
        ("SOTTO_PUBLIC_URL", pods.url()),
        // nginx, which adds itself to `X-Forwarded-For`.
        ("SOTTO_PROXIES", "1".to_owned()),
    ];
    let mut settings: Vec<Variable> = chosen.map(|(name, value)| (name.to_owned(), value)).into();
    settings.extend(pods.own.iter().cloned());
    settings.extend(engines.settings()?);
    Ok(settings)
}

fn migrate(engines: &Engines, pods: &Pods) -> Result<()> {
    let file = engines.log("migrate");
    let log = std::fs::File::create(&file).with_context(|| format!("{} cannot be written", file.display()))?;
    let mut command = Command::new(&pods.binary);
    command.arg("migrate").envs(settings(engines, pods)?).current_dir(engines.home("migrate")?);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let status = command.status().with_context(|| format!("{} cannot be started", pods.binary.display()))?;
    if !status.success() {
        bail!("`sotto migrate` failed ({status}); its log: {}", file.display());
    }
    Ok(())
}
