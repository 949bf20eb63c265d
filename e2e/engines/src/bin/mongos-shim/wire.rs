//! MongoDB's messages: read whole, understood as a command, answered.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use bson::{Bson, Document};

const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;
/// Length, request, response to, opcode.
const HEADER: usize = 16;
/// A message's flags that matter here: a checksum follows; no answer comes, or more answers do.
const CHECKSUM: i32 = 1;
const MORE_TO_COME: i32 = 2;
/// What servers accept at most.
const LONGEST: usize = 48_000_000;

/// One message, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// Reads the next one.
    pub(crate) fn read(from: &mut impl Read) -> Result<Self> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let whole = usize::try_from(i32::from_le_bytes(length)).unwrap_or(0);
        if !(HEADER..=LONGEST).contains(&whole) {
            bail!("a message of {whole} bytes");
        }
        let mut bytes = vec![0; whole];
        bytes[..4].copy_from_slice(&length);
        from.read_exact(&mut bytes[4..])?;
        Ok(Self(bytes))
    }

    /// A question of our own.
    pub(crate) fn command(document: &Document) -> Result<Self> {
        Self(vec![0; HEADER]).answer(document)
    }

    /// Passes it on unchanged.
    pub(crate) fn write(&self, to: &mut impl Write) -> Result<()> {
        Ok(to.write_all(&self.0)?)
    }

    /// Whether more of the same kind follows without a question, or none is answered.
    pub(crate) fn has_more_to_come(&self) -> bool {
        self.number(12) == Some(OP_MSG) && self.number(HEADER).is_some_and(|flags| flags & MORE_TO_COME != 0)
    }

    /// The command or the answer in it. Sequences of documents become fields, as if they had been sent so.
    pub(crate) fn document(&self) -> Result<Document> {
        match self.number(12) {
            Some(OP_MSG) => self.sections(),
            Some(OP_QUERY) => {
                let name = self.0.get(HEADER + 4..).context("a short query")?;
                let end = name.iter().position(|byte| *byte == 0).context("a query without a name")?;
                // Two numbers stand between the name and the document.
                parse(name.get(end + 9..))
            }
            Some(OP_REPLY) => parse(self.0.get(HEADER + 20..)),
            _ => bail!("an opcode that drivers do not use with a mongos"),
        }
    }

    /// An answer to this one.
    pub(crate) fn answer(&self, document: &Document) -> Result<Self> {
        let body = document.to_vec()?;
        let request = self.number(4).context("a short message")?;
        let mut bytes = Vec::with_capacity(HEADER + 20 + body.len());
        if self.number(12) == Some(OP_QUERY) {
            // Flags, the cursor in two halves, its start, and the number of documents.
            for number in [0, 1, request, OP_REPLY, 8, 0, 0, 0, 1] {
                bytes.extend(number.to_le_bytes());
            }
        } else {
            for number in [0, 1, request, OP_MSG, 0] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.push(0);
        }
        bytes.extend(body);
        let length = i32::try_from(bytes.len())?;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        Ok(Self(bytes))
    }

    fn sections(&self) -> Result<Document> {
        let has_checksum = self.number(HEADER).is_some_and(|flags| flags & CHECKSUM != 0);
        let end = self.0.len() - if has_checksum { 4 } else { 0 };
        let (mut at, mut command, mut sequences) = (HEADER + 4, Document::new(), Vec::new());
        while at < end {
            let kind = self.0[at];
            let length = self.number(at + 1).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
            let section =
                self.0.get(at + 1..at + 1 + length).filter(|all| all.len() > 4).context("a broken section")?;
            if kind == 0 {
                command = parse(Some(section))?;
            } else {
                sequences.push(sequence(&section[4..])?);
            }
            at += 1 + length;
        }
        command.extend(sequences);
        Ok(command)
    }

    fn number(&self, at: usize) -> Option<i32> {
        Some(i32::from_le_bytes(self.0.get(at..at + 4)?.try_into().ok()?))
    }
}

/// A name and the documents under it.
fn sequence(section: &[u8]) -> Result<(String, Bson)> {
    let end = section.iter().position(|byte| *byte == 0).context("a sequence without a name")?;
    let name = String::from_utf8_lossy(&section[..end]).into_owned();
    let (mut rest, mut documents) = (&section[end + 1..], Vec::new());
    while !rest.is_empty() {
        documents.push(Bson::Document(Document::from_reader(&mut rest)?));
    }
    Ok((name, Bson::Array(documents)))
}

fn parse(bytes: Option<&[u8]>) -> Result<Document> {
    Ok(Document::from_reader(bytes.context("a message without a document")?)?)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn message(opcode: i32, rest: &[u8]) -> Message {
        let mut bytes = Vec::new();
        for number in [i32::try_from(HEADER + rest.len()).unwrap(), 9, 0, opcode] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(rest);
        Message::read(&mut bytes.as_slice()).unwrap()
    }

    #[test]
    fn a_sequence_becomes_a_field_of_the_command() {
        let command = doc! { "insert": "a" }.to_vec().unwrap();
        let one = doc! { "_id": 1 }.to_vec().unwrap();
        let mut rest = vec![0, 0, 0, 0, 0];
        rest.extend(command);
        rest.push(1);
        rest.extend(i32::try_from(4 + 10 + one.len()).unwrap().to_le_bytes());
        rest.extend(b"documents\0");
        rest.extend(one);
        let read = message(OP_MSG, &rest).document().unwrap();
        assert_eq!(read, doc! { "insert": "a", "documents": [{ "_id": 1 }] });
    }

    #[test]
    fn the_old_greeting_is_understood_and_answered_in_kind() {
        let mut rest = vec![0; 4];
        rest.extend(b"admin.$cmd\0");
        rest.extend([0; 8]);
        rest.extend(doc! { "isMaster": 1 }.to_vec().unwrap());
        let question = message(OP_QUERY, &rest);
        assert_eq!(question.document().unwrap(), doc! { "isMaster": 1 });
        let answer = question.answer(&doc! { "ok": 1 }).unwrap();
        assert_eq!((answer.number(8), answer.number(12)), (Some(9), Some(OP_REPLY)));
        assert_eq!(answer.document().unwrap(), doc! { "ok": 1 });
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(message(OP_MSG, &[0, 0, 0, 0, 1, 200, 0, 0, 0]).document().is_err());
        assert!(Message::read(&mut [1_u8, 0, 0, 0].as_slice()).is_err());
    }
}
