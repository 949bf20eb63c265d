//! Where the brokers are: `amqp://user:password@host:port,host:port/vhost`, any of which will do.

use std::sync::Arc;

use lapin::uri::AMQPUri;

use super::SETTING;
use crate::Unusable;

/// Seconds after which a silent connection is given up, by either side.
const HEARTBEAT_S: u16 = 6;
/// Milliseconds to wait for a connection.
const CONNECT_MS: u64 = 2_000;

/// One URI a broker.
#[derive(Clone)]
pub(super) struct Address {
    uris: Arc<[AMQPUri]>,
}

fn wrong(why: impl Into<String>) -> Unusable {
    Unusable::new(SETTING, why, "give amqp://user:password@host:port,host:port/vhost, with %2f for the vhost /")
}

impl Address {
    /// Reads a URL with one or more hosts.
    pub(super) fn parse(url: &str) -> Result<Self, Unusable> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("no URL"))?;
        if scheme != "amqp" && scheme != "amqps" {
            return Err(wrong(format!("{scheme}:// is no AMQP")));
        }
        let (authority, tail) = rest.split_once('/').unwrap_or((rest, "%2f"));
        let (login, hosts) = authority.rsplit_once('@').map_or(("", authority), |(login, hosts)| (login, hosts));
        let at = if login.is_empty() { "" } else { "@" };
        let hosts: Vec<&str> = hosts.split(',').filter(|host| !host.is_empty()).collect();
        if hosts.is_empty() {
            return Err(wrong("no host"));
        }
        let uris = hosts.into_iter().map(|host| {
            let uri = format!("{scheme}://{login}{at}{host}/{tail}");
            let mut uri: AMQPUri = uri.parse().map_err(wrong)?;
            uri.query.heartbeat = uri.query.heartbeat.or(Some(HEARTBEAT_S));
            uri.query.connection_timeout = uri.query.connection_timeout.or(Some(CONNECT_MS));
            Ok(uri)
        });
        Ok(Self { uris: uris.collect::<Result<Vec<_>, _>>()?.into() })
    }

    /// Every broker.
    pub(super) fn all(&self) -> &[AMQPUri] {
        &self.uris
    }

    /// The broker to try at the n-th time.
    pub(super) fn at(&self, turn: usize) -> AMQPUri {
        self.uris[turn % self.uris.len()].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_is_one_to_try() {
        let address = Address::parse("amqp://ana:p%40ss@a:1,b:2,c/%2f").unwrap();
        assert_eq!(address.at(3), address.at(0));
        let second = address.at(4);
        assert_eq!((second.authority.host.as_str(), second.authority.port), ("b", 2));
        assert_eq!((second.authority.userinfo.password.as_str(), second.vhost.as_str()), ("p@ss", "/"));
        assert_eq!(address.at(2).authority.port, 5672);
    }

    #[test]
    fn a_wrong_url_is_said_in_one_line_that_names_the_setting() {
        for url in ["amqp", "http://a", "amqp://", "amqp://u:p@/%2f", "amqp://a:port/%2f"] {
            let error = Address::parse(url).err().unwrap().to_string();
            assert!(error.starts_with("SOTTO_QUEUE: ") && error.lines().count() == 1, "{url}: {error}");
        }
    }
}
