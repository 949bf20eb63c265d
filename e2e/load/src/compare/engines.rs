//! The engines that both systems run on: how they are reached, and which processes they are.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, bail};

/// Without these there is nothing to compare on.
const NEEDED: [&str; 4] = ["SOTTO_STORE", "SOTTO_QUEUE", "SOTTO_CACHE", "SOTTO_SECRET"];
/// These are passed on where they are set.
const PASSED: [&str; 4] = ["SOTTO_BLOBS", "SOTTO_BLOBS_ACCESS_KEY", "SOTTO_BLOBS_SECRET_KEY", "SOTTO_PARTITIONS"];

/// Running engines.
#[derive(Debug, Clone)]
pub(crate) struct Engines {
    /// The settings that name them.
    pub(crate) settings: Vec<(String, String)>,
    /// Their processes, where they run on this machine.
    pub(crate) pids: Vec<u32>,
}

impl Engines {
    /// The engines that the environment names.
    pub(crate) fn from_env() -> Result<Self> {
        let mut settings = Vec::new();
        for name in NEEDED.into_iter().chain(PASSED) {
            match std::env::var(name) {
                Ok(value) => settings.push((name.to_owned(), value)),
                Err(_) if NEEDED.contains(&name) => {
                    bail!(
                        "{name} is not set: start engines first (cargo xtask cluster up --engines), and take their settings"
                    );
                }
                Err(_) => {}
            }
        }
        let mut ports: BTreeSet<u16> = settings.iter().flat_map(|(_, value)| ports(value)).collect();
        // Sentinels do not do the work that is to be counted.
        ports.extend(settings.iter().find_map(|(_, value)| master(value)));
        Ok(Self { pids: listeners(&ports), settings })
    }

    /// The ports of the queue's hosts: whoever serves people is connected to one of them.
    pub(crate) fn queue_ports(&self) -> BTreeSet<u16> {
        let queue = self.settings.iter().filter(|(name, _)| name == "SOTTO_QUEUE");
        queue.flat_map(|(_, value)| ports(value)).collect()
    }

    /// What they are, in a few words.
    pub(crate) fn describe(&self) -> String {
        let hosts = |name: &str| {
            let value = self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
            value.map_or(0, |value| ports(value).len())
        };
        let count = |name, one: &str, many: &str| match hosts(name) {
            1 => format!("one {one}"),
            more => format!("{more} {many}"),
        };
        format!(
            "{}, {}, {}",
            count("SOTTO_QUEUE", "RabbitMQ node", "RabbitMQ nodes"),
            count("SOTTO_STORE", "MongoDB member", "MongoDB members"),
            match hosts("SOTTO_CACHE") {
                1 => "one Redis".to_owned(),
                sentinels => format!("a Redis behind {sentinels} sentinels"),
            }
        )
    }
}

/// The ports of this machine that a setting names.
fn ports(setting: &str) -> Vec<u16> {
    let plain = setting.replace("%3A", ":").replace("%3a", ":").replace("localhost:", "127.0.0.1:");
    let after = plain.split("127.0.0.1:").skip(1);
    after
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.get(..end)?.parse().ok()
        })
        .collect()
}

/// The port of the Redis behind sentinels.
fn master(setting: &str) -> Option<u16> {
    let (_, name) = setting.strip_prefix("redis+sentinel://")?.split_once("master=")?;
    let name = name.split('&').next()?;
    let mut stream = TcpStream::connect(("127.0.0.1", *ports(setting).first()?)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream.write_all(format!("SENTINEL get-master-addr-by-name {name}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 128];
    let length = stream.read(&mut answer).ok()?;
    // Two strings, each with its length before it: the address, and the port.
    std::str::from_utf8(answer.get(..length)?).ok()?.split_whitespace().last()?.parse().ok()
}

/// The processes that listen on these ports.
fn listeners(ports: &BTreeSet<u16>) -> Vec<u32> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| std::fs::read_to_string(file).unwrap_or_default());
    let wanted: BTreeSet<String> = tables
        .iter()
        .flat_map(|table| table.lines().filter_map(listening))
        .filter(|(port, _)| ports.contains(port))
        .map(|(_, inode)| format!("socket:[{inode}]"))
        .collect();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            files
                .filter_map(|file| std::fs::read_link(file.path()).ok())
                .any(|link| wanted.contains(link.to_string_lossy().as_ref()))
        })
        .collect()
}

/// The port and the inode of a listening socket's line.
fn listening(line: &str) -> Option<(u16, &str)> {
    let mut fields = line.split_whitespace();
    let (_, port) = fields.nth(1)?.rsplit_once(':')?;
    if fields.nth(1)? != "0A" {
        return None;
    }
    Some((u16::from_str_radix(port, 16).ok()?, fields.nth(5)?))
}

#[cfg(test)]
mod tests {
    use super::{listening, ports};

    #[test]
    fn ports_are_found_in_settings_of_every_form() {
        assert_eq!(ports("amqp://guest:guest@127.0.0.1:5672,127.0.0.1:5673/%2f"), [5672, 5673]);
        assert_eq!(ports("mongodb://localhost:27017/?replicaSet=rs0"), [27017]);
        assert_eq!(ports("s3://media?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=x"), [9000]);
        assert_eq!(ports("redis://elsewhere:6379"), [0_u16; 0]);
    }

    #[test]
    fn listening_sockets_are_told_from_others() {
        let line =
            "   0: 0100007F:65D9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0";
        assert_eq!(listening(line), Some((26073, "12345")));
        assert_eq!(listening(&line.replace(" 0A ", " 01 ")), None);
        assert_eq!(listening("  sl  local_address rem_address   st tx_queue rx_queue"), None);
    }
}
