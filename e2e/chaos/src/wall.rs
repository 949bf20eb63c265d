//! Breaks the traffic to a port of this network (see [`crate::own_net`]): cut, cut one way, or losing packets.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::dice::Dice;

/// What does not get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing does.
    Both,
    /// What is sent to the port: it answers nothing because it hears nothing.
    To,
    /// What the port sends: it does what it is asked, and nobody learns of it.
    From,
    /// So many packets of a hundred, both ways.
    Some(u64),
}

impl Way {
    /// One of the cuts.
    pub fn cut(dice: &mut Dice) -> Self {
        dice.pick(&[Self::Both, Self::Both, Self::To, Self::From]).copied().unwrap_or(Self::Both)
    }

    /// In a few words.
    pub fn says(self) -> String {
        match self {
            Self::Both => "cut off".to_owned(),
            Self::To => "hears nothing".to_owned(),
            Self::From => "is not heard".to_owned(),
            Self::Some(share) => format!("loses {share} % of its packets"),
        }
    }
}

/// Raises it before a port, does something, and takes it down however that went.
pub fn around<T>(port: u16, way: Way, during: impl FnOnce() -> T) -> Result<T> {
    nft(&rules(port, way))?;
    let outcome = during();
    nft(&format!("delete table inet {}\n", name(port)))?;
    Ok(outcome)
}

fn name(port: u16) -> String {
    format!("sotto_{port}")
}

fn rules(port: u16, way: Way) -> String {
    let (sides, chance): (&[&str], String) = match way {
        Way::Both => (&["dport", "sport"], String::new()),
        Way::To => (&["dport"], String::new()),
        Way::From => (&["sport"], String::new()),
        Way::Some(share) => (&["dport", "sport"], format!("numgen random mod 100 < {share} ")),
    };
    let rules: Vec<String> = sides.iter().map(|side| format!("tcp {side} {port} {chance}drop")).collect();
    let rules = rules.join("\n");
    format!(
        "table inet {} {{\nchain in {{\ntype filter hook input priority 0; policy accept;\n{rules}\n}}\n}}\n",
        name(port)
    )
}

fn nft(script: &str) -> Result<()> {
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("`nft`, which breaks the traffic, cannot be started")?;
    child.stdin.take().context("nft without an input")?.write_all(script.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("nft refuses {script}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_of_one_way_leaves_the_other() {
        assert!(rules(7, Way::From).contains("tcp sport 7 ") && !rules(7, Way::From).contains("dport"));
        assert_eq!(rules(7, Way::Some(20)).matches("mod 100 < 20 drop").count(), 2);
    }
}
