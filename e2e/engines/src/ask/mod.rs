//! Asks a server on this machine one question, each in its own language, with nothing but a socket.

pub(crate) mod http;
pub(crate) mod mongo;
pub(crate) mod redis;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How to tell that a process can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ready {
    /// Something listens on this port.
    Port(u16),
    /// Redis answers a ping here.
    Ping(u16),
    /// MongoDB is a primary or a secondary here.
    Hello(u16),
    /// `GET path` answers 200 here.
    Http(u16, String),
}

impl Ready {
    /// Whether that is so right now.
    pub fn holds(&self) -> bool {
        match self {
            Self::Port(port) => connect(*port).is_ok(),
            Self::Ping(port) => redis::is_there(*port),
            Self::Hello(port) => mongo::is_member(*port),
            Self::Http(port, path) => http::get(*port, path).is_ok_and(|answer| answer.status == 200),
        }
    }
}

/// Whether nothing listens on a port.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}
