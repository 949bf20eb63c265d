//! The three kinds of Redis, by URL: `redis://`, `redis+sentinel://` and `redis+cluster://`, each also with `rediss`.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo,
    RedisResult, TlsMode,
    aio::MultiplexedConnection,
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use tokio::sync::Mutex;
use url::Url;

use super::{SETTING, master::Master};
use crate::Unusable;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(1);
/// The longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(1);

/// Where Redis is, and how to get there.
pub(crate) enum Address {
    /// One server.
    Single(Box<Client>),
    /// Whichever server the sentinels call master.
    Sentinel(Box<Mutex<SentinelClient>>),
    /// Many masters; and each of them alone, for subscriptions.
    Cluster(Box<ClusterClient>, Vec<Client>),
}

/// A connection; many may use it at once.
#[derive(Clone)]
pub(crate) enum Connection {
    /// To one server.
    Plain(MultiplexedConnection),
    /// To many.
    Cluster(ClusterConnection),
}

fn wrong(why: impl std::fmt::Display) -> Unusable {
    let forms = "give redis://host:port, redis+sentinel://host:port,.../?master=name or redis+cluster://host:port,...";
    Unusable::new(SETTING, why.to_string(), forms)
}

impl Address {
    /// Reads a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, Unusable> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("no URL"))?;
        let (secure, kind) = match scheme {
            "redis" => (false, ""),
            "rediss" => (true, ""),
            "redis+sentinel" => (false, "sentinel"),
            "rediss+sentinel" => (true, "sentinel"),
            "redis+cluster" => (false, "cluster"),
            "rediss+cluster" => (true, "cluster"),
            other => return Err(wrong(format!("{other}:// is no Redis"))),
        };
        let many = Many::parse(rest)?;
        match kind {
            "sentinel" => many.sentinel(secure).map_err(wrong),
            "cluster" => many.cluster(secure).map_err(wrong),
            _ => Client::open(url).map(|client| Self::Single(Box::new(client))).map_err(wrong),
        }
    }

    /// The server that the sentinels name; nothing where there are none.
    pub(super) async fn master(&self) -> RedisResult<Option<Client>> {
        match self {
            Self::Sentinel(client) => client.lock().await.async_get_client().await.map(Some),
            Self::Single(_) | Self::Cluster(..) => Ok(None),
        }
    }

    /// A server in use, to be looked at again where sentinels may name another.
    pub(super) fn watched(&self, server: &Client) -> Master {
        match self {
            Self::Sentinel(_) => Master::named(server),
            Self::Single(_) | Self::Cluster(..) => Master::fixed(),
        }
    }

    /// Connects.
    pub(super) async fn connect(&self) -> RedisResult<(Connection, Master)> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
        match self {
            Self::Single(client) => {
                let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
                Ok((Connection::Plain(connection), self.watched(client)))
            }
            Self::Sentinel(client) => {
                let master = client.lock().await.async_get_client().await?;
                let connection = master.get_multiplexed_async_connection_with_config(&config).await?;
                Ok((Connection::Plain(connection), self.watched(&master)))
            }
            Self::Cluster(client, _) => {
                Ok((Connection::Cluster(client.get_async_connection().await?), Master::fixed()))
            }
        }
    }

    /// Servers for subscriptions, to try one after the other: in a cluster every node hears what is published at any.
    pub(super) async fn subscribers(&self) -> RedisResult<Vec<Client>> {
        match self {
            Self::Single(client) => Ok(vec![(**client).clone()]),
            Self::Sentinel(client) => Ok(vec![client.lock().await.async_get_client().await?]),
            Self::Cluster(_, nodes) => Ok(nodes.clone()),
        }
    }

    /// Whether the number of subscribers that a publish reports counts all of them.
    pub(crate) fn counts_subscribers(&self) -> bool {
        !matches!(self, Self::Cluster(..))
    }
}

/// `user:password@host:port,host:port/?master=name&db=0`
struct Many {
    nodes: Vec<(String, u16)>,
    username: Option<String>,
    password: Option<String>,
    options: Vec<(String, String)>,
}

impl Many {
    fn parse(rest: &str) -> Result<Self, Unusable> {
        let (authority, tail) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) =
            authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
        let nodes = hosts.split(',').filter(|host| !host.is_empty()).map(node).collect::<Result<Vec<_>, _>>()?;
        if nodes.is_empty() {
            return Err(wrong("no host"));
        }
        // The first host in a URL's place, so that its escapes are read as a URL's are.
        let probe = format!("redis://{}h/{tail}", login.map(|login| format!("{login}@")).unwrap_or_default());
        let probe = Url::parse(&probe).map_err(wrong)?;
        let text = |escaped: &str| percent_decoded(escaped).filter(|text| !text.is_empty());
        Ok(Self {
            nodes,
            username: text(probe.username()),
            password: probe.password().and_then(text),
            options: probe.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        })
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }

    fn info(&self, (host, port): &(String, u16), secure: bool) -> RedisResult<ConnectionInfo> {
        let mut redis = RedisConnectionInfo::default();
        if let Some(username) = &self.username {
            redis = redis.set_username(username);
        }
        if let Some(password) = &self.password {
            redis = redis.set_password(password);
        }
        let address = if secure {
            ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host.clone(), *port)
        };
        Ok(address.into_connection_info()?.set_redis_settings(redis))
    }

    fn sentinel(&self, secure: bool) -> Result<Address, String> {
        let master = self.option("master").ok_or("the master's name is missing: add ?master=name")?;
        let sentinels = self.nodes.iter().map(|(host, port)| ConnectionAddr::Tcp(host.clone(), *port));
        let in_words = |error: redis::RedisError| error.to_string();
        let mut builder =
            SentinelClientBuilder::new(sentinels, master, SentinelServerType::Master).map_err(in_words)?;
        if secure {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        if let Some(username) = &self.username {
            builder = builder.set_client_to_redis_username(username);
        }
        if let Some(password) = &self.password {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(password) = self.option("sentinel_password") {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if let Some(db) = self.option("db") {
            builder = builder.set_client_to_redis_db(db.parse().map_err(|_| "db is no number")?);
        }
        let client = builder.build().map_err(in_words)?;
        Ok(Address::Sentinel(Box::new(Mutex::new(client))))
    }

    fn cluster(&self, secure: bool) -> RedisResult<Address> {
        let infos = self.nodes.iter().map(|node| self.info(node, secure)).collect::<RedisResult<Vec<_>>>()?;
        let nodes = infos.iter().map(|info| Client::open(info.clone())).collect::<RedisResult<Vec<_>>>()?;
        let client = ClusterClient::builder(infos).retries(2).connection_timeout(CONNECT).response_timeout(ANSWER);
        Ok(Address::Cluster(Box::new(client.build()?), nodes))
    }
}

fn node(text: &str) -> Result<(String, u16), Unusable> {
    let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong(format!("{text} has no port")))?;
    let port = port.parse().map_err(|_| wrong(format!("{port} is no port")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}

fn percent_decoded(escaped: &str) -> Option<String> {
    // As in a form, but for '+', which is itself in a login.
    let pairs = format!("x={}", escaped.replace('+', "%2B"));
    url::form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_url() {
        assert!(matches!(Address::parse("redis://127.0.0.1:6379/1").unwrap(), Address::Single(_)));
        let sentinel = "redis+sentinel://u:p%40ss@a:1,b:2/?master=sotto&db=2";
        assert!(matches!(Address::parse(sentinel).unwrap(), Address::Sentinel(_)));
        let Address::Cluster(_, nodes) = Address::parse("redis+cluster://a:1,b:2,[::1]:3").unwrap() else { panic!() };
        assert_eq!(nodes.len(), 3);
    }

    #[test]
    fn a_login_is_read_with_its_escapes() {
        let many = Many::parse("ana:p%40s+s@a:1/?master=m").unwrap();
        assert_eq!((many.username.as_deref(), many.password.as_deref()), (Some("ana"), Some("p@s+s")));
    }

    #[test]
    fn a_wrong_url_is_said_in_one_line_that_names_the_setting() {
        for url in [
            "redis",
            "http://x:1",
            "redis+sentinel://a:1",
            "redis+cluster://",
            "redis+cluster://a",
            "redis+cluster://a:x",
        ] {
            let error = Address::parse(url).err().unwrap().to_string();
            assert!(error.starts_with("SOTTO_CACHE: ") && error.lines().count() == 1, "{url}: {error}");
        }
    }
}
