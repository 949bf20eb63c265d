//! Programs that come from the system: installed where that is ours to do (root on Debian), named where it is not.

use std::path::Path;

use anyhow::{Result, bail};

use super::in_path;
use crate::progress;
use crate::run::Run;
use crate::tree::Tree;

/// Something the system provides.
#[derive(Debug)]
pub(crate) struct Provided {
    /// What it is, for people.
    what: &'static str,
    /// Programs, any of which will do, or all of which must be there.
    pub(crate) programs: &'static [&'static str],
    /// Whether one of the programs is enough.
    any: bool,
    /// A further question that must succeed: a program and its arguments.
    proof: Option<(&'static str, &'static [&'static str])>,
    /// What to install on Debian.
    packages: &'static str,
    /// What to say elsewhere.
    advice: &'static str,
}

/// For linking, and for the allocator.
pub(crate) const BUILD_TOOLS: Provided = Provided {
    what: "a C compiler and make",
    programs: &["cc", "make"],
    any: false,
    proof: None,
    packages: "build-essential",
    advice: "install your system's C compiler and make (build-essential, or Xcode's command line tools)",
};

/// For the browser journeys only.
pub(crate) const CHROMIUM: Provided = Provided {
    what: "Chromium",
    programs: &["chromium", "chromium-browser", "google-chrome"],
    any: true,
    proof: None,
    // With a font for emoji: without one they are empty boxes, in the pictures too.
    packages: "chromium fonts-noto-color-emoji",
    advice: "install Chromium or Chrome, so that `chromium` or `google-chrome` is in the search path",
};

/// For the foreign clients only.
pub(crate) const PYTHON: Provided = Provided {
    what: "Python 3 with its venv module",
    programs: &["python3"],
    any: true,
    proof: Some(("python3", &["-c", "import ensurepip, venv"])),
    packages: "python3 python3-venv",
    advice: "install Python 3.9 or newer with its venv module",
};

/// Installs it if it is missing.
pub(crate) fn ensure(tree: &Tree, wanted: &Provided) -> Result<()> {
    if is_there(tree, wanted) {
        return Ok(());
    }
    let what = wanted.what;
    if !Path::new("/etc/debian_version").is_file() || in_path("apt-get").is_none() {
        bail!("{what} is missing: {}", wanted.advice);
    }
    if !rustix::process::geteuid().is_root() {
        bail!("{what} is missing, and installing it needs root: sudo apt-get install {}", wanted.packages);
    }
    let quiet = |args: &str| Run::new(&tree.root, "apt-get", args).env("DEBIAN_FRONTEND", "noninteractive");
    let runs = [quiet("update -q"), quiet(&format!("install -q -y --no-install-recommends {}", wanted.packages))];
    let name = wanted.packages.split(' ').next().unwrap_or("packages");
    progress::step(&format!("Installing {what} ({})", wanted.packages), &runs, &tree.log(&format!("apt-{name}"))?)?;
    if !is_there(tree, wanted) {
        bail!("{what} is still missing after installing {}: {}", wanted.packages, wanted.advice);
    }
    Ok(())
}

fn is_there(tree: &Tree, wanted: &Provided) -> bool {
    let mut programs = wanted.programs.iter().map(|name| in_path(name).is_some());
    let found = if wanted.any { programs.any(|there| there) } else { programs.all(|there| there) };
    let proven = wanted.proof.is_none_or(|(program, args)| {
        args.iter().fold(Run::new(&tree.root, program, ""), |run, arg| run.arg(*arg)).answer().is_some()
    });
    found && proven
}
