//! Where the parts of a set lie on disk, and where the programs come from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::ask::Ready;
use crate::plan::{Plan, Ports};
use crate::process::Spec;

/// The folder and the ports of one set.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    folder: PathBuf,
    pub(crate) ports: Ports,
}

impl Site {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { folder: plan.folder.clone(), ports: plan.ports }
    }

    /// Everything that is kept while it runs.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Everything that was logged.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// A folder for one process's data; it exists afterwards.
    pub(crate) fn home(&self, name: &str) -> Result<PathBuf> {
        let home = self.data().join(name);
        std::fs::create_dir_all(&home).with_context(|| format!("{} cannot be made", home.display()))?;
        Ok(home)
    }

    /// A process that runs in its own home and logs under its own name.
    pub(crate) fn spec(&self, name: &str, program: &Path, ports: &[u16], ready: Ready) -> Result<Spec> {
        Ok(Spec {
            name: name.to_owned(),
            program: program.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            dir: self.home(name)?,
            log: self.logs().join(format!("{name}.log")),
            ports: ports.to_vec(),
            ready,
        })
    }
}

/// Writes a file that only its owner may read: it holds a secret, or a program insists on it.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// Random hexadecimal digits.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    use std::fmt::Write;
    use std::io::Read;
    let mut random = vec![0; bytes];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random))?;
    let mut text = String::with_capacity(bytes * 2);
    for byte in random {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

/// A program: what `variable` names, else the first of these that is there; a name alone is looked up in the path.
pub(crate) fn program(variable: &str, places: &[&str]) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!("{variable}={} is not there", named.display());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    for place in places {
        // A place with a folder in it stands for itself, as in a shell.
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        // Debian keeps servers where only root's path leads.
        folders.push(PathBuf::from("/usr/sbin"));
        if place.contains('/') {
            folders = vec![PathBuf::new()];
        }
        let found = folders.iter().map(|folder| folder.join(place)).find(|file| file.is_file());
        if let Some(found) = found {
            return Ok(found);
        }
    }
    bail!("{} is missing: install it, or name it by {variable}", places.last().unwrap_or(&variable))
}
