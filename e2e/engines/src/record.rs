//! The record of what runs: a file from which another program, or a later run, can take over.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::process::{Mark, Spec};

const FILE: &str = "engines.json";

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Which start of the machine the marks are from.
    boot: String,
    plan: Plan,
    /// In the order in which they were added.
    processes: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    layer: Layer,
    spec: Spec,
    mark: Option<Mark>,
}

/// Which of the processes need which others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Layer {
    /// The engines.
    Engines,
    /// The pods on them.
    Pods,
    /// What stands before the pods.
    Gateway,
}

/// The record of one set of processes.
#[derive(Debug)]
pub(crate) struct Record {
    file: PathBuf,
    state: Mutex<State>,
}

impl Record {
    /// Whether there is one in a folder.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    /// Begins one.
    pub(crate) fn create(plan: &Plan) -> Result<Self> {
        let state = State { boot: boot(), plan: plan.clone(), processes: Vec::new() };
        let record = Self { file: plan.folder.join(FILE), state: Mutex::new(state) };
        record.change(|_| ())?;
        Ok(record)
    }

    /// Reads one.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let file = folder.join(FILE);
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let mut state: State =
            serde_json::from_str(&text).with_context(|| format!("{} is not what was written", file.display()))?;
        if state.boot != boot() {
            // Numbers and ticks began anew with the machine: nothing of it can still be running.
            state.processes.iter_mut().for_each(|entry| entry.mark = None);
        }
        Ok(Self { file, state: Mutex::new(state) })
    }

    /// The plan that was carried out.
    pub(crate) fn plan(&self) -> Plan {
        self.lock().plan.clone()
    }

    /// The names of a layer's processes, in their order.
    pub(crate) fn names(&self, layer: Layer) -> Vec<String> {
        let state = self.lock();
        state.processes.iter().filter(|entry| entry.layer == layer).map(|entry| entry.spec.name.clone()).collect()
    }

    /// Adds processes that are not started yet.
    pub(crate) fn add(&self, layer: Layer, specs: Vec<Spec>) -> Result<()> {
        self.change(|state| state.processes.extend(specs.into_iter().map(|spec| Entry { layer, spec, mark: None })))
    }

    /// How a process is started.
    pub(crate) fn spec(&self, name: &str) -> Result<Spec> {
        let state = self.lock();
        let entry = state.processes.iter().find(|entry| entry.spec.name == name);
        entry.map(|entry| entry.spec.clone()).with_context(|| format!("there is no process {name:?} in this set"))
    }

    /// Changes variables of a process, from its next start on.
    pub(crate) fn set_env(&self, name: &str, variables: &[(String, String)]) -> Result<()> {
        self.change(|state| {
            for entry in state.processes.iter_mut().filter(|entry| entry.spec.name == name) {
                entry.spec.env.retain(|(old, _)| variables.iter().all(|(new, _)| new != old));
                entry.spec.env.extend_from_slice(variables);
            }
        })
    }

    /// Which process it last was.
    pub(crate) fn mark(&self, name: &str) -> Option<Mark> {
        self.lock().processes.iter().find(|entry| entry.spec.name == name)?.mark
    }

    /// Remembers which process it is, or that it is none.
    pub(crate) fn set_mark(&self, name: &str, mark: Option<Mark>) -> Result<()> {
        self.change(|state| {
            state.processes.iter_mut().filter(|entry| entry.spec.name == name).for_each(|entry| entry.mark = mark);
        })
    }

    /// Removes the file: nothing is known any more.
    pub(crate) fn remove(&self) -> Result<()> {
        std::fs::remove_file(&self.file).with_context(|| format!("{} cannot be removed", self.file.display()))
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut state = self.lock();
        change(&mut state);
        // Whole or not at all: this file is what keeps a crash from leaving processes that nobody knows.
        let fresh = self.file.with_extension("new");
        let written = std::fs::write(&fresh, serde_json::to_vec_pretty(&*state)?);
        written
            .and_then(|()| std::fs::rename(&fresh, &self.file))
            .with_context(|| format!("{} cannot be written", self.file.display()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is different after each start of the machine.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Ready;
    use crate::plan::Ports;

    fn spec(name: &str) -> Spec {
        Spec {
            name: name.to_owned(),
            program: "true".into(),
            args: vec!["a b".to_owned()],
            env: vec![("A".to_owned(), "b".to_owned())],
            dir: ".".into(),
            log: "log".into(),
            ports: vec![1],
            ready: Ready::Port(1),
        }
    }

    #[test]
    fn another_program_reads_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan::conformance(folder.path().to_owned(), Ports::from(24_000).unwrap());
        let record = Record::create(&plan).unwrap();
        record.add(Layer::Engines, vec![spec("one"), spec("two")]).unwrap();
        record.set_mark("two", Some(Mark { pid: 7, started: 8 })).unwrap();

        let read = Record::open(folder.path()).unwrap();
        assert_eq!(read.plan(), plan);
        assert_eq!(read.names(Layer::Engines), ["one", "two"]);
        assert_eq!(read.spec("one").unwrap(), spec("one"));
        assert_eq!((read.mark("one"), read.mark("two")), (None, Some(Mark { pid: 7, started: 8 })));
    }

    #[test]
    fn marks_from_before_the_machine_started_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan::conformance(folder.path().to_owned(), Ports::from(24_000).unwrap());
        let record = Record::create(&plan).unwrap();
        record.add(Layer::Pods, vec![spec("one")]).unwrap();
        record.set_mark("one", Some(Mark { pid: 7, started: 8 })).unwrap();
        record.change(|state| state.boot = "another".to_owned()).unwrap();
        assert_eq!(Record::open(folder.path()).unwrap().mark("one"), None);
    }
}
