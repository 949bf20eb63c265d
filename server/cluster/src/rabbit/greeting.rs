//! What a broker says of itself before anybody logs in: the server's properties in `connection.start` (AMQP 0-9-1, 2.2.4
//! and 4.2), which the client library reads and keeps to itself.

use std::time::Duration;

use lapin::{
    types::{AMQPValue, parsing::parse_field_table},
    uri::{AMQPScheme, AMQPUri},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::SETTING;
use crate::Unusable;

/// The oldest RabbitMQ that dead-letters from quorum queues without losing anything.
const OLDEST: (u32, u32) = (3, 10);
/// The longest wait for it.
const ANSWER: Duration = Duration::from_secs(2);
/// A greeting longer than this is none.
const LONGEST: u32 = 64 * 1024;
/// Before a method's arguments: class and method, and the protocol's version.
const METHOD: [u8; 6] = [0, 10, 0, 10, 0, 9];

/// The version of the broker at this address. `None` where it does not say, or speaks only under TLS.
pub(super) async fn version(uri: &AMQPUri) -> Option<String> {
    if uri.scheme != AMQPScheme::AMQP {
        return None;
    }
    let greeting = async {
        let mut stream = TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).await.ok()?;
        stream.write_all(b"AMQP\0\0\x09\x01").await.ok()?;
        // A frame's head: its kind, its channel, its length.
        let (_kind, _channel) = (stream.read_u8().await.ok()?, stream.read_u16().await.ok()?);
        let length = stream.read_u32().await.ok().filter(|length| *length <= LONGEST)?;
        let mut frame = vec![0; length.try_into().ok()?];
        stream.read_exact(&mut frame).await.ok()?;
        said(&frame)
    };
    tokio::time::timeout(ANSWER, greeting).await.ok().flatten()
}

fn said(frame: &[u8]) -> Option<String> {
    let (_, properties) = parse_field_table(frame.strip_prefix(&METHOD)?).ok()?;
    match properties.inner().get("version")? {
        AMQPValue::LongString(version) => Some(version.to_string()),
        _ => None,
    }
}

/// What to say of an older one.
pub(super) fn too_old(version: &str) -> Unusable {
    let (major, minor) = OLDEST;
    Unusable::new(SETTING, format!("RabbitMQ {version} is too old"), format!("run RabbitMQ {major}.{minor} or newer"))
}

/// Whether this is a version that can't do what Sotto needs. An unknown one may be something that speaks AMQP.
pub(super) fn is_too_old(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_not_words() {
        for (version, is_old) in [("3.9.29", true), ("3.10.0", false), ("3.13.7", false), ("4.0.5", false)] {
            assert_eq!(is_too_old(version), is_old, "{version}");
        }
        assert!(is_too_old("2.8.4") && !is_too_old("something else") && !is_too_old(""));
    }

    #[test]
    fn what_is_no_greeting_has_no_version() {
        for frame in [&b""[..], b"HTTP/1.1 400", &METHOD, &[0, 10, 0, 10, 0, 9, 255, 255, 255, 255]] {
            assert_eq!(said(frame), None);
        }
    }
}
