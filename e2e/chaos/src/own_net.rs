//! A network of its own for this program and all it starts, so that rules about its traffic concern nobody else.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

/// Says that this program is in it already.
const INSIDE: &str = "SOTTO_OWN_NET";
/// Only loopback is there, and it has to be woken first.
const ENTER: &str = "ip link set lo up && exec \"$0\" \"$@\"";

/// Starts this program again in a network of its own, unless that is where it is. To be called before any thread starts.
pub fn enter() -> Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let own = std::env::current_exe()?;
    let mut command = Command::new("unshare");
    command.arg("--net");
    if !rustix::process::geteuid().is_root() {
        // Whoever is not root is it in there, where the system lets them.
        command.arg("--map-root-user");
    }
    command.args(["--", "sh", "-c", ENTER]).arg(own).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    Err(command.exec()).context("`unshare`, which gives this program a network of its own, cannot be started")
}
