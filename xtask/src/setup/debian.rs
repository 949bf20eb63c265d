//! Programs that come from the system: installed where that is ours to do (root on Debian), named where it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
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
    /// The services that the packages would start, now and with the machine. Ours are started by ourselves.
    services: &'static [&'static str],
}

/// For linking, and for the allocator.
pub(crate) const BUILD_TOOLS: Provided = Provided {
    what: "a C compiler and make",
    programs: &["cc", "make"],
    any: false,
    proof: None,
    packages: "build-essential",
    advice: "install your system's C compiler and make (build-essential, or Xcode's command line tools)",
    services: &[],
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
    services: &[],
};

/// For the foreign clients only.
pub(crate) const PYTHON: Provided = Provided {
    what: "Python 3 with its venv module",
    programs: &["python3"],
    any: true,
    proof: Some(("python3", &["-c", "import ensurepip, venv"])),
    packages: "python3 python3-venv",
    advice: "install Python 3.9 or newer with its venv module",
    services: &[],
};

/// RabbitMQ, with Erlang.
pub(crate) const RABBITMQ: Provided = Provided {
    what: "RabbitMQ",
    programs: &["rabbitmq-server", "epmd"],
    any: false,
    proof: None,
    packages: "rabbitmq-server",
    advice: "install RabbitMQ, so that `rabbitmq-server` and Erlang's `epmd` are in the search path",
    services: &["rabbitmq-server", "epmd.socket", "epmd"],
};

/// Redis; its server is its sentinel too.
pub(crate) const REDIS: Provided = Provided {
    what: "Redis",
    programs: &["redis-server"],
    any: false,
    proof: None,
    packages: "redis-server",
    advice: "install Redis 7 or newer, so that `redis-server` is in the search path",
    services: &["redis-server"],
};

/// What stands before the pods.
pub(crate) const NGINX: Provided = Provided {
    what: "nginx",
    programs: &["nginx"],
    any: false,
    proof: None,
    packages: "nginx-light",
    advice: "install nginx, so that `nginx` is in the search path",
    services: &["nginx"],
};

/// What gives a program a network of its own, and breaks the traffic in it.
pub(crate) const NETWORK: Provided = Provided {
    what: "nftables, iproute2 and util-linux",
    programs: &["nft", "ip", "unshare"],
    any: false,
    proof: None,
    packages: "nftables iproute2 util-linux",
    advice: "install them, so that `nft`, `ip` and `unshare` are in the search path (Linux only)",
    services: &["nftables"],
};

/// What Debian asks before it starts a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

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
    let label = format!("Installing {what} ({})", wanted.packages);
    let silenced = Silenced::begin(wanted.services)?;
    progress::step(&label, &runs, &tree.log(&format!("apt-{name}"))?)?;
    drop(silenced);
    disable(tree, wanted.services);
    if !is_there(tree, wanted) {
        bail!("{what} is still missing after installing {}: {}", wanted.packages, wanted.advice);
    }
    Ok(())
}

/// While it lives, Debian starts none of the services it installs: they would take ports and memory for nothing.
struct Silenced {
    policy: Option<&'static Path>,
}

impl Silenced {
    fn begin(services: &[&str]) -> Result<Self> {
        let policy = Path::new(POLICY);
        // Where there is one already, someone has decided for the whole machine.
        if services.is_empty() || policy.exists() {
            return Ok(Self { policy: None });
        }
        fs::write(policy, "#!/bin/sh\nexit 101\n")?;
        let silenced = Self { policy: Some(policy) };
        fs::set_permissions(policy, fs::Permissions::from_mode(0o755))?;
        Ok(silenced)
    }
}

impl Drop for Silenced {
    fn drop(&mut self) {
        if let Some(policy) = self.policy {
            let _ = fs::remove_file(policy);
        }
    }
}

/// Keeps services that only just came from starting with the machine, where systemd would.
fn disable(tree: &Tree, services: &[&str]) {
    if Path::new("/run/systemd/system").is_dir() {
        for service in services {
            // One that does not exist is as good as disabled.
            let _ = Run::new(&tree.root, "systemctl", "disable --now").arg(*service).answer();
        }
    }
}

fn is_there(tree: &Tree, wanted: &Provided) -> bool {
    let mut programs = wanted.programs.iter().map(|name| in_path(name).is_some());
    let found = if wanted.any { programs.any(|there| there) } else { programs.all(|there| there) };
    let proven = wanted.proof.is_none_or(|(program, args)| {
        args.iter().fold(Run::new(&tree.root, program, ""), |run, arg| run.arg(*arg)).answer().is_some()
    });
    found && proven
}
