//! One client's connection: what the router answers itself it answers, and all else goes to the primary.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use bson::{Document, doc};

use crate::router::Router;
use crate::wire::Message;

/// How long the search for the primary waits for one member.
const LIMIT: Duration = Duration::from_secs(2);
/// What gives a replica set away.
const OF_A_MEMBER: [&str; 13] = [
    "arbiterOnly",
    "electionId",
    "hosts",
    "isImplicitDefaultMajorityWC",
    "lastWrite",
    "me",
    "passives",
    "primary",
    "secondary",
    "setName",
    "setVersion",
    // Without it a driver asks again and again, and does not wait for changes that never come.
    "topologyVersion",
    "tags",
];
/// The errors of a member that is the primary no more.
const NOT_PRIMARY: [i32; 5] = [10_107, 13_435, 11_602, 189, 91];

/// Serves a client until either side goes.
pub(crate) fn relay(mut client: TcpStream, members: &[String], router: &Router) -> Result<()> {
    client.set_nodelay(true)?;
    let primary = members.iter().find(|member| is_primary(member)).context("no member is the primary")?;
    // A connection of its own: the first greeting on it must be the client's.
    let mut server = TcpStream::connect(primary)?;
    server.set_nodelay(true)?;
    loop {
        let question = Message::read(&mut client)?;
        let command = question.document()?;
        if let Some(answer) = router.answer(&command) {
            question.answer(&answer)?.write(&mut client)?;
            continue;
        }
        question.write(&mut server)?;
        if question.has_more_to_come() {
            continue;
        }
        loop {
            let reply = Message::read(&mut server)?;
            let document = reply.document()?;
            if is_greeting(&command) {
                question.answer(&as_mongos(document))?.write(&mut client)?;
                break;
            }
            reply.write(&mut client)?;
            if document.get_i32("code").is_ok_and(|code| NOT_PRIMARY.contains(&code)) {
                // The driver comes again, and then to whoever is the primary.
                return Ok(());
            }
            if !reply.has_more_to_come() {
                break;
            }
        }
    }
}

/// Whether a member says that it is the primary.
fn is_primary(member: &str) -> bool {
    let ask = || -> Result<bool> {
        let mut stream = TcpStream::connect(member)?;
        stream.set_read_timeout(Some(LIMIT))?;
        Message::command(&doc! { "hello": 1, "$db": "admin" })?.write(&mut stream)?;
        Ok(Message::read(&mut stream)?.document()?.get_bool("isWritablePrimary")?)
    };
    ask().unwrap_or(false)
}

fn is_greeting(command: &Document) -> bool {
    command.keys().next().is_some_and(|name| matches!(name.as_str(), "hello" | "isMaster" | "ismaster"))
}

/// A member's greeting, as a mongos would put it.
fn as_mongos(mut hello: Document) -> Document {
    for field in OF_A_MEMBER {
        hello.remove(field);
    }
    hello.insert("msg", "isdbgrid");
    hello
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_says_nothing_of_the_replica_set() {
        let hello = doc! { "setName": "sotto", "hosts": ["a"], "maxWireVersion": 17, "topologyVersion": 1 };
        assert_eq!(as_mongos(hello), doc! { "maxWireVersion": 17, "msg": "isdbgrid" });
        assert!(is_greeting(&doc! { "isMaster": 1 }) && !is_greeting(&doc! { "find": "hello" }));
    }
}
