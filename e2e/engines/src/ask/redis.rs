//! Redis's protocol, as much as it takes to ask a server how it is.

use std::io::{BufRead, BufReader, Write};

use anyhow::{Context, Result, bail};

/// What Redis answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A line, a number or a string.
    Text(String),
    /// Nothing.
    Nil,
    /// Several.
    List(Vec<Self>),
}

impl Reply {
    /// As text; empty where it is none.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Nil | Self::List(_) => "",
        }
    }

    /// As several; none where it is one.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(all) => all,
            Self::Nil | Self::Text(_) => &[],
        }
    }

    /// The value after a name, in a list of names and values.
    pub(crate) fn field(&self, name: &str) -> &str {
        match self {
            Self::List(all) => {
                all.chunks(2).find(|pair| pair[0].text() == name).and_then(|pair| pair.get(1)).map_or("", Self::text)
            }
            Self::Nil | Self::Text(_) => "",
        }
    }
}

/// Whether a Redis answers here.
pub(crate) fn is_there(port: u16) -> bool {
    ask(port, "PING").is_ok_and(|reply| reply.text() == "PONG")
}

/// One command, its words separated by blanks.
pub(crate) fn ask(port: u16, command: &str) -> Result<Reply> {
    let mut stream = super::connect(port)?;
    let words: Vec<&str> = command.split(' ').collect();
    let mut message = Vec::new();
    write!(message, "*{}\r\n", words.len())?;
    for word in words {
        write!(message, "${}\r\n{word}\r\n", word.len())?;
    }
    stream.write_all(&message)?;
    read(&mut BufReader::new(stream)).with_context(|| format!("`{command}` on port {port}"))
}

fn read(from: &mut impl BufRead) -> Result<Reply> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1).context("an empty answer")?;
    match kind {
        "+" | ":" => Ok(Reply::Text(rest.to_owned())),
        "-" => bail!("{rest}"),
        "$" => {
            let Ok(length) = rest.parse::<usize>() else { return Ok(Reply::Nil) };
            let mut bytes = vec![0; length + 2];
            from.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
        }
        "*" => {
            let Ok(count) = rest.parse::<usize>() else { return Ok(Reply::Nil) };
            Ok(Reply::List((0..count).map(|_| read(from)).collect::<Result<_>>()?))
        }
        _ => bail!("{line:?} is no answer of Redis"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        let reply = |text: &str| read(&mut text.as_bytes());
        assert_eq!(reply("+PONG\r\n").unwrap().text(), "PONG");
        assert_eq!(reply("$-1\r\n").unwrap(), Reply::Nil);
        assert_eq!(reply("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n:2\r\n").unwrap().field("b"), "2");
        assert_eq!(reply("-LOADING soon\r\n").unwrap_err().to_string(), "LOADING soon");
        assert!(reply("").is_err());
    }
}
