//! Settings: defaults, then a TOML file, then the environment. A wrong one ends the start with a line that names it.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use shared_types::{Secret, http::Registration};
use sotto_core::{app::RateLimits, domain::entry::Plaintext};

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum WrongSetting {
    /// A value that can't be understood.
    #[error("{name}: {value:?} is not {expected}")]
    Value {
        /// The setting's name.
        name: String,
        /// What was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A file that can't be read.
    #[error("{name}: can't read {path}: {source}")]
    File {
        /// The setting's name.
        name: String,
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not TOML.
    #[error("--config {0}: {1}")]
    Toml(PathBuf, Box<toml::de::Error>),
    /// A name that is none of Sotto's.
    #[error("--config {0}: there is no setting {1:?}")]
    Unknown(PathBuf, String),
    /// Settings that don't go together.
    #[error("{name}: {rule}")]
    Mixed {
        /// The setting's name.
        name: &'static str,
        /// What would be right.
        rule: &'static str,
    },
}

/// What stands behind a port.
#[derive(Clone, PartialEq, Eq)]
pub enum Engine {
    /// This process.
    Embedded,
    /// A server, by its URL, which may hold a password.
    At(String),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Embedded => "Embedded",
            Self::At(_) => "At(..)",
        })
    }
}

impl Engine {
    /// Its URL, if it is a server.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Embedded => None,
            Self::At(url) => Some(url),
        }
    }
}

/// The engines behind the ports.
#[derive(Debug, Clone)]
pub struct Engines {
    /// Behind everything durable.
    pub store: Engine,
    /// Behind the queues.
    pub queue: Engine,
    /// Behind what is hot.
    pub cache: Engine,
    /// Behind large objects.
    pub blobs: Engine,
    /// The access key of the blobs' server.
    pub blobs_login: Option<(String, Secret)>,
    /// The key that all pods share, from which every other key is derived.
    pub secret: Option<[u8; 32]>,
}

impl Engines {
    /// Whether other pods share them.
    pub fn are_shared(&self) -> bool {
        self.store != Engine::Embedded
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `pretty` on a terminal, else `json`.
    Auto,
    /// A JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Everything an operator can choose.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where HTTP and sockets listen.
    pub listen: SocketAddr,
    /// Where metrics listen.
    pub metrics_listen: SocketAddr,
    /// How people reach it, if not by the address it listens on.
    pub public_url: Option<String>,
    /// Where data lives.
    pub data_dir: PathBuf,
    /// Where the built web client lies.
    pub web_dir: Option<PathBuf>,
    /// What people call this server.
    pub name: String,
    /// What stands behind the ports.
    pub engines: Engines,
    /// Number of partitions.
    pub partitions: u16,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether anything is limited.
    pub rate_limits: RateLimits,
    /// Whether private conversations may carry plain text.
    pub plaintext: Plaintext,
    /// How many proxies in front add themselves to `X-Forwarded-For`.
    pub proxies: usize,
    /// The most sockets this pod takes.
    pub max_sockets: usize,
    /// What is logged.
    pub log: String,
    /// How.
    pub log_format: LogFormat,
}

const NAMES: &[&str] = &[
    "listen",
    "metrics_listen",
    "public_url",
    "data_dir",
    "web_dir",
    "name",
    "store",
    "queue",
    "cache",
    "blobs",
    "blobs_access_key",
    "blobs_secret_key",
    "secret",
    "partitions",
    "registration",
    "rate_limits",
    "allow_plaintext",
    "proxies",
    "max_sockets",
    "log",
    "log_format",
];

/// Where values come from, in the order of who wins.
struct Source {
    file: toml::Table,
}

impl Source {
    fn read(config: Option<&Path>) -> Result<Self, WrongSetting> {
        let Some(path) = config else { return Ok(Self { file: toml::Table::new() }) };
        let text = fs::read_to_string(path).map_err(|source| WrongSetting::File {
            name: "--config".into(),
            path: path.display().to_string(),
            source,
        })?;
        let file: toml::Table =
            toml::from_str(&text).map_err(|error| WrongSetting::Toml(path.to_owned(), Box::new(error)))?;
        match file.keys().find(|name| !NAMES.contains(&name.as_str())) {
            Some(unknown) => Err(WrongSetting::Unknown(path.to_owned(), unknown.clone())),
            None => Ok(Self { file }),
        }
    }

    /// The value and what to call it: `SOTTO_X`, then the content of the file that `SOTTO_X_FILE` names, then `x` of
    /// the TOML file.
    fn get(&self, name: &str) -> Result<Option<(String, String)>, WrongSetting> {
        let variable = format!("SOTTO_{}", name.to_uppercase());
        if let Some(value) = std::env::var(&variable).ok().filter(|value| !value.is_empty()) {
            return Ok(Some((variable, value)));
        }
        let by_file = format!("{variable}_FILE");
        if let Ok(path) = std::env::var(&by_file) {
            let value = fs::read_to_string(&path);
            let value = value.map_err(|source| WrongSetting::File { name: by_file.clone(), path, source })?;
            return Ok(Some((by_file, value.trim_end().to_owned())));
        }
        let value = self.file.get(name).map(|value| match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        Ok(value.map(|value| (name.to_owned(), value)))
    }

    fn parse<T: FromStr>(&self, name: &str, default: T, expected: &'static str) -> Result<T, WrongSetting> {
        match self.get(name)? {
            None => Ok(default),
            Some((name, value)) => value.parse().map_err(|_| WrongSetting::Value { name, value, expected }),
        }
    }

    fn choose<T: Copy>(&self, name: &str, choices: &[(&str, T)], expected: &'static str) -> Result<T, WrongSetting> {
        let Some((name, value)) = self.get(name)? else { return Ok(choices[0].1) };
        let found = choices.iter().find(|(word, _)| *word == value);
        found.map(|(_, choice)| *choice).ok_or(WrongSetting::Value { name, value, expected })
    }

    fn engine(&self, name: &str) -> Result<Engine, WrongSetting> {
        Ok(match self.text(name)? {
            Some(url) if url != "embedded" => Engine::At(url),
            Some(_) | None => Engine::Embedded,
        })
    }

    fn engines(&self) -> Result<Engines, WrongSetting> {
        let login = match (self.text("blobs_access_key")?, self.text("blobs_secret_key")?) {
            (Some(key), Some(secret)) => Some((key, Secret(secret))),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                let rule = "needs SOTTO_BLOBS_SECRET_KEY beside it, and that needs this";
                return Err(WrongSetting::Mixed { name: "SOTTO_BLOBS_ACCESS_KEY", rule });
            }
        };
        let secret = self.text("secret")?.map(|text| {
            let wrong = || WrongSetting::Value {
                name: "SOTTO_SECRET".into(),
                // Whatever it is, it is not for the log.
                value: "(hidden)".into(),
                expected: "32 random bytes as 64 hexadecimal digits, as `openssl rand -hex 32` makes them",
            };
            bytes_of_hex(&text).ok_or_else(wrong)
        });
        let engines = Engines {
            store: self.engine("store")?,
            queue: self.engine("queue")?,
            cache: self.engine("cache")?,
            blobs: self.engine("blobs")?,
            blobs_login: login,
            secret: secret.transpose()?,
        };
        engines.check()?;
        Ok(engines)
    }

    fn text(&self, name: &str) -> Result<Option<String>, WrongSetting> {
        Ok(self.get(name)?.map(|(_, value)| value))
    }
}

impl Engines {
    /// Store, queue and cache are shared by many pods, or by none.
    fn check(&self) -> Result<(), WrongSetting> {
        let mixed = |name, rule| Err(WrongSetting::Mixed { name, rule });
        let rule = "the store, the queue and the cache are all embedded, or all servers: give SOTTO_STORE=mongodb://..., \
                    SOTTO_QUEUE=amqp://... and SOTTO_CACHE=redis://...";
        for (name, engine) in [("SOTTO_STORE", &self.store), ("SOTTO_QUEUE", &self.queue), ("SOTTO_CACHE", &self.cache)]
        {
            let others = [&self.store, &self.queue, &self.cache].iter().any(|other| other.url().is_some());
            if *engine == Engine::Embedded && others {
                return mixed(name, rule);
            }
        }
        if cfg!(not(feature = "cluster")) && (self.are_shared() || self.blobs != Engine::Embedded) {
            return mixed("SOTTO_STORE", "this build has the embedded adapters alone: build with `--features cluster`");
        }
        if self.are_shared() && self.secret.is_none() {
            return mixed(
                "SOTTO_SECRET",
                "pods that share a store share a secret: make one with `openssl rand -hex 32`",
            );
        }
        Ok(())
    }
}

fn bytes_of_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.trim().chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (digits.len() == 64).then(|| bytes.try_into().ok()).flatten()
}

impl Settings {
    /// Reads and checks everything.
    pub fn load(config: Option<&Path>) -> Result<Self, WrongSetting> {
        let source = Source::read(config)?;
        let address = "an address like 127.0.0.1:8080";
        let settings = Self {
            listen: source.parse("listen", SocketAddr::from(([127, 0, 0, 1], 8080)), address)?,
            metrics_listen: source.parse("metrics_listen", SocketAddr::from(([127, 0, 0, 1], 9464)), address)?,
            public_url: source.text("public_url")?.map(|url| url.trim_end_matches('/').to_owned()),
            data_dir: source.parse("data_dir", PathBuf::from("data"), "a path")?,
            web_dir: source.text("web_dir")?.map(PathBuf::from),
            name: source.text("name")?.unwrap_or_else(|| "Sotto".into()),
            engines: source.engines()?,
            partitions: source.parse("partitions", 64, "a number from 1 to 1024")?,
            registration: source.choose(
                "registration",
                &[("open", Registration::Open), ("invite", Registration::Invite), ("closed", Registration::Closed)],
                "open, invite or closed",
            )?,
            rate_limits: source.choose(
                "rate_limits",
                &[("on", RateLimits::On), ("off", RateLimits::Off)],
                "on or off",
            )?,
            plaintext: source.choose(
                "allow_plaintext",
                &[("false", Plaintext::Refused), ("true", Plaintext::Allowed)],
                "true or false",
            )?,
            proxies: source.parse("proxies", 0, "a number of proxies")?,
            max_sockets: source.parse("max_sockets", 50_000, "a number of sockets")?,
            log: source.text("log")?.unwrap_or_else(|| "info".into()),
            log_format: source.choose(
                "log_format",
                &[("auto", LogFormat::Auto), ("json", LogFormat::Json), ("pretty", LogFormat::Pretty)],
                "auto, json or pretty",
            )?,
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), WrongSetting> {
        let wrong = |name: &str, value: String, expected| {
            Err(WrongSetting::Value { name: format!("SOTTO_{name}"), value, expected })
        };
        if !(1..=1_024).contains(&self.partitions) {
            return wrong("PARTITIONS", self.partitions.to_string(), "a number from 1 to 1024");
        }
        if let Some(url) = &self.public_url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            return wrong("PUBLIC_URL", url.clone(), "a URL like https://chat.example.org");
        }
        if let Some(dir) = &self.web_dir
            && let Err(source) = fs::metadata(dir.join("index.html"))
            && source.kind() == ErrorKind::NotFound
        {
            return wrong(
                "WEB_DIR",
                dir.display().to_string(),
                "a folder with the built web client (no index.html there)",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
