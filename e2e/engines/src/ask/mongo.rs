//! MongoDB's wire protocol, as much as it takes to run one command: one `OP_MSG` there, one back.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use bson::{Bson, Document, doc};

/// The opcode of a message.
const OP_MSG: i32 = 2013;
/// Length, request, response to, opcode.
const HEADER: usize = 16;
/// Header, flags, kind of section.
const BODY: usize = HEADER + 4 + 1;
/// More than any answer that is wanted here.
const LONGEST: usize = 16 << 20;

/// Whether a server here is a primary or a secondary: fit for use.
pub(crate) fn is_member(port: u16) -> bool {
    hello(port).is_ok_and(|hello| truth(&hello, "isWritablePrimary") || truth(&hello, "secondary"))
}

/// What the server says of itself and of its replica set.
pub(crate) fn hello(port: u16) -> Result<Document> {
    run(port, doc! { "hello": 1 })
}

/// Whether a field is there, and true.
pub(crate) fn truth(document: &Document, field: &str) -> bool {
    document.get_bool(field).unwrap_or(false)
}

/// One command on the database `admin`. An answer that is not ok is an error with the server's words.
pub(crate) fn run(port: u16, command: Document) -> Result<Document> {
    run_on(port, "admin", command)
}

/// The same on another database.
pub(crate) fn run_on(port: u16, database: &str, mut command: Document) -> Result<Document> {
    command.insert("$db", database);
    let mut stream = super::connect(port)?;
    stream.write_all(&encode(&command)?)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let whole = usize::try_from(i32::from_le_bytes(length)).unwrap_or(0);
    if !(BODY..LONGEST).contains(&whole) {
        bail!("port {port} does not speak MongoDB's protocol");
    }
    let mut rest = vec![0; whole - length.len()];
    stream.read_exact(&mut rest)?;
    let body = rest.get(BODY - length.len()..).context("a short answer")?;
    let answer = Document::from_reader(body)?;
    match answer.get("ok") {
        Some(Bson::Double(ok)) if *ok > 0.0 => Ok(answer),
        _ => bail!("{}", answer.get_str("errmsg").unwrap_or("it did not work, and no reason was given")),
    }
}

fn encode(command: &Document) -> Result<Vec<u8>> {
    let body = command.to_vec()?;
    let length = i32::try_from(BODY + body.len())?;
    let mut message = Vec::with_capacity(BODY + body.len());
    for number in [length, 1, 0, OP_MSG, 0] {
        message.extend(number.to_le_bytes());
    }
    message.push(0);
    message.extend(body);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_its_own_length() {
        let message = encode(&doc! { "hello": 1 }).unwrap();
        assert_eq!(message[..4], i32::try_from(message.len()).unwrap().to_le_bytes());
        assert_eq!(message[12..16], OP_MSG.to_le_bytes());
        assert_eq!(Document::from_reader(&message[BODY..]).unwrap(), doc! { "hello": 1 });
    }
}
