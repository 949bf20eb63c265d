//! A program to run: what, where, with which variables; a value, so that suites can be listed without running them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// One program with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    program: String,
    args: Vec<String>,
    dir: PathBuf,
    env: Vec<(String, String)>,
}

impl Run {
    /// A program in a directory, its arguments separated by blanks.
    pub(crate) fn new(dir: &Path, program: impl Into<String>, args: &str) -> Self {
        let args = args.split_whitespace().map(str::to_owned).collect();
        Self { program: program.into(), args, dir: dir.to_path_buf(), env: Vec::new() }
    }

    /// The same cargo that runs this.
    pub(crate) fn cargo(root: &Path, args: &str) -> Self {
        Self::new(root, std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), args)
    }

    /// One more argument, blanks and all.
    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// One more variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// One more variable, unless whoever called us has set it.
    pub(crate) fn default_env(self, name: &str, value: impl Into<String>) -> Self {
        if std::env::var_os(name).is_some() { self } else { self.env(name, value) }
    }

    /// The command line, to be shown.
    pub(crate) fn shown(&self) -> String {
        let program = Path::new(&self.program).file_name().unwrap_or_default().to_string_lossy();
        format!("{program} {}", self.args.join(" "))
    }

    /// The program and its arguments, for another program to run.
    pub(crate) fn words(self) -> Vec<String> {
        std::iter::once(self.program).chain(self.args).collect()
    }

    /// As something that can be started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir).stdin(Stdio::null());
        // What `cargo run` told this program about itself would look to build scripts like a change.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
                command.env_remove(&name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it with all its output going to a file.
    pub(crate) fn start_logged(&self, log: &File) -> Result<Child> {
        let mut command = self.command();
        command.stdout(log.try_clone()?).stderr(log.try_clone()?);
        command.spawn().with_context(|| format!("`{}` cannot be started in {}", self.shown(), self.dir.display()))
    }

    /// Runs it to its end and returns what it wrote, or nothing where it fails or does not exist.
    pub(crate) fn answer(&self) -> Option<String> {
        let output = self.command().output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
