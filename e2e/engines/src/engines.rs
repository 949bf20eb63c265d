//! A set of engines: all started at once, each process reachable by its name, and nothing left behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::ask::is_free;
use crate::plan::{PORT_BASE, Part, Plan, Ports};
use crate::process::{Condition, Ending, Process, Spec};
use crate::record::{Layer, Record};
use crate::settings::{self, Variable};
use crate::site::{Site, random_hex, write_private};
use crate::{mongo, rabbit, redis, s3};

/// How long a process may take to end before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const SECRET: &str = "secret";

/// Engines that this program started, or found by their record. Dropping it stops nothing.
#[derive(Debug, Clone)]
pub struct Engines {
    record: Arc<Record>,
    site: Site,
}

impl Engines {
    /// Starts everything that is planned, and returns when all of it can be used. What fails stops the rest again.
    pub fn start(plan: &Plan) -> Result<Self> {
        if Record::is_in(&plan.folder) {
            let left = Self::attach(&plan.folder)?;
            if left.is_any_up() {
                bail!("something in {} is running already", plan.folder.display());
            }
            // From before the machine was started anew.
            left.remove_data()?;
        }
        let site = Site::new(plan);
        if site.data().exists() {
            // Perhaps the data of something else: a wrong folder must not cost anyone theirs.
            bail!("{} is there, and no record says what it is: remove it, or move it away", site.data().display());
        }
        std::fs::create_dir_all(site.logs()).with_context(|| format!("{} cannot be made", site.logs().display()))?;
        let engines = Self { record: Arc::new(Record::create(plan)?), site };
        if let Err(error) = engines.prepare(plan) {
            engines.remove_data()?;
            return Err(error);
        }
        if let Err(error) = engines.assemble(plan) {
            return Err(match engines.discard() {
                Ok(()) => error,
                Err(also) => anyhow!("{error:#}; and what was started cannot be stopped: {also:#}"),
            });
        }
        Ok(engines)
    }

    /// Takes over what another program has started.
    pub fn attach(folder: &Path) -> Result<Self> {
        let record = Record::open(folder)?;
        let site = Site::new(&record.plan());
        Ok(Self { record: Arc::new(record), site })
    }

    /// Whether there is something to take over.
    pub fn are_in(folder: &Path) -> bool {
        Record::is_in(folder)
    }

    /// Whether any of its processes runs.
    pub fn is_any_up(&self) -> bool {
        self.processes().iter().any(|process| process.condition() != Condition::Down)
    }

    /// What was planned.
    pub fn plan(&self) -> Plan {
        self.record.plan()
    }

    /// Its ports.
    pub fn ports(&self) -> Ports {
        self.site.ports
    }

    /// One process by its name, such as `rabbit-2`.
    pub fn process(&self, name: &str) -> Result<Process> {
        self.record.spec(name)?;
        Ok(Process { name: name.to_owned(), record: Arc::clone(&self.record) })
    }

    /// All processes, in the order in which they were planned.
    pub fn processes(&self) -> Vec<Process> {
        [Layer::Engines, Layer::Pods, Layer::Gateway].into_iter().flat_map(|layer| self.layer(layer)).collect()
    }

    /// The member of the replica set that takes writes now.
    pub fn primary(&self) -> Option<Process> {
        self.process(&mongo::primary(self.plan().mongo, self.ports())?).ok()
    }

    /// Adds a process to the set: a pod, or what stands before the pods.
    pub(crate) fn add(&self, layer: Layer, spec: Spec) -> Result<Process> {
        let name = spec.name.clone();
        must_be_free(std::slice::from_ref(&spec))?;
        self.record.add(layer, vec![spec])?;
        self.process(&name)
    }

    /// The environment of a pod.
    pub fn settings(&self) -> Result<Vec<Variable>> {
        let file = self.site.data().join(SECRET);
        let secret = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        Ok(settings::pod(&self.plan(), secret.trim()))
    }

    /// The environment of the adapters' test suites.
    pub fn test_settings(&self) -> Vec<Variable> {
        settings::tests(&self.plan())
    }

    /// Where a process logs.
    pub fn log(&self, name: &str) -> PathBuf {
        self.site.logs().join(format!("{name}.log"))
    }

    /// Where all of them log.
    pub fn logs(&self) -> PathBuf {
        self.site.logs()
    }

    /// A folder for data of a process that is added; it goes with the rest.
    pub fn home(&self, name: &str) -> Result<PathBuf> {
        self.site.home(name)
    }

    /// Ends every process: pods may finish what they do, then what stands before them ends, and the engines at last.
    /// Returns the names of those that did not end in time and were killed.
    pub fn stop(&self) -> Result<Vec<String>> {
        let mut forced = Vec::new();
        for layer in [Layer::Pods, Layer::Gateway, Layer::Engines] {
            let processes = self.layer(layer);
            // The port mapper serves until the nodes are gone; it knows no friendly way, and has nothing to lose.
            let friendly = processes.iter().filter(|process| process.name() != rabbit::EPMD);
            forced.extend(stop_together(friendly)?);
        }
        if let Ok(epmd) = self.process(rabbit::EPMD) {
            epmd.kill()?;
        }
        rabbit::sweep(&self.site)?;
        for socket in s3::sockets(self.site.ports) {
            // Whichever there are.
            let _ = std::fs::remove_file(socket);
        }
        Ok(forced)
    }

    /// Ends and removes everything but the logs.
    pub fn discard(&self) -> Result<()> {
        self.stop()?;
        self.remove_data()
    }

    /// Removes all data and the record, and keeps the logs until the next start. Everything has to be stopped.
    pub fn remove_data(&self) -> Result<()> {
        remove_folder(&self.site.data())?;
        self.record.remove()
    }

    fn layer(&self, layer: Layer) -> Vec<Process> {
        let names = self.record.names(layer).into_iter();
        names.map(|name| Process { name, record: Arc::clone(&self.record) }).collect()
    }

    /// Everything that can be wrong before anything is started.
    fn prepare(&self, plan: &Plan) -> Result<()> {
        let specs = specs(&self.site, plan)?;
        must_be_free(&specs)?;
        write_private(&self.site.data().join(SECRET), &random_hex(32)?)?;
        for spec in &specs {
            // Each set begins with empty logs; within its life a process adds to its own.
            std::fs::File::create(&spec.log).with_context(|| format!("{} cannot be written", spec.log.display()))?;
        }
        self.record.add(Layer::Engines, specs)
    }

    fn assemble(&self, plan: &Plan) -> Result<()> {
        thread::scope(|scope| {
            let mut parts = vec![
                scope.spawn(|| rabbit::assemble(self, plan.rabbit)),
                scope.spawn(|| mongo::assemble(self, plan.mongo, plan.mongos)),
            ];
            for kind in &plan.redis {
                parts.push(scope.spawn(|| redis::assemble(self, *kind)));
            }
            if plan.s3 == Part::Wanted {
                parts.push(scope.spawn(|| s3::assemble(self)));
            }
            // All are waited for, so that nothing is started while the rest is being stopped.
            let ends: Vec<Result<()>> = parts.into_iter().map(|part| joined(part.join())).collect();
            ends.into_iter().collect()
        })
    }
}

fn specs(site: &Site, plan: &Plan) -> Result<Vec<Spec>> {
    let mut specs = rabbit::specs(site, plan.rabbit)?;
    specs.extend(mongo::specs(site, plan.mongo, plan.mongos)?);
    for kind in &plan.redis {
        specs.extend(redis::specs(site, *kind)?);
    }
    if plan.s3 == Part::Wanted {
        specs.extend(s3::specs(site)?);
    }
    Ok(specs)
}

fn stop_together<'a>(processes: impl Iterator<Item = &'a Process>) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let stop = |process: &'a Process| (process.name(), scope.spawn(|| process.stop(STOP_LIMIT)));
        let stops: Vec<_> = processes.map(stop).collect();
        let ends = stops.into_iter().map(|(name, stop)| Ok((name, joined(stop.join())?)));
        let ends: Vec<(&str, Ending)> = ends.collect::<Result<_>>()?;
        Ok(ends.into_iter().filter(|(_, end)| *end == Ending::Forced).map(|(name, _)| name.to_owned()).collect())
    })
}

fn must_be_free(specs: &[Spec]) -> Result<()> {
    let wanted = specs.iter().flat_map(|spec| spec.ports.iter().map(|port| (*port, &spec.name)));
    let taken = wanted.filter(|(port, _)| !is_free(*port));
    let taken: Vec<String> = taken.map(|(port, name)| format!("{port} (for {name})")).collect();
    match taken.as_slice() {
        [] => Ok(()),
        // The first says enough; all of them would be fifty where another set runs.
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more of its ports", rest.len()) };
            bail!("port {first} is taken by another program on 127.0.0.1{more}: {PORT_BASE} moves them all")
        }
    }
}

fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

/// What a thread came to; that it panicked is an error like others.
pub(crate) fn joined<T>(end: thread::Result<Result<T>>) -> Result<T> {
    end.unwrap_or_else(|_| Err(anyhow!("a thread broke off")))
}
