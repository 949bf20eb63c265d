//! One HTTP question.

use std::io::{Read, Write};

use anyhow::{Context, Result};

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// `GET path`.
pub(crate) fn get(port: u16, path: &str) -> Result<Answer> {
    ask(port, path, "")
}

/// `GET path` as RabbitMQ's guest.
pub(crate) fn get_as_guest(port: u16, path: &str) -> Result<Answer> {
    ask(port, path, "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n")
}

fn ask(port: u16, path: &str, header: &str) -> Result<Answer> {
    let mut stream = super::connect(port)?;
    // HTTP/1.0: the answer ends where the connection does.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{header}\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> Result<Answer> {
    let (head, body) = text.split_once("\r\n\r\n").context("that is no HTTP")?;
    let status = head.split(' ').nth(1).context("that is no HTTP")?;
    Ok(Answer { status: status.parse()?, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_body_are_found() {
        let answer = parse("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nnot yet").unwrap();
        assert_eq!(answer, Answer { status: 503, body: "not yet".to_owned() });
        assert!(parse("AMQP").is_err());
    }
}
