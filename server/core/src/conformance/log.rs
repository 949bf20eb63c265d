//! The contract of [`crate::ports::Log`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{ConversationId, EntryKind, Seq, Timestamp};

use crate::{
    App,
    domain::entry::{Draft, Entry},
    ports::{Appended, Batch},
};

async fn append(app: &App, entries: &[Entry]) -> Appended {
    app.log.append(Batch { entries: entries.to_vec(), ..Batch::default() }).await.unwrap()
}

/// A conversation with so many entries.
async fn filled(app: &App, count: u64) -> (ConversationId, Vec<Entry>) {
    let id = super::conversation();
    let entries: Vec<_> = (1..=count).map(|seq| super::draft(id, &format!("word {seq}")).at(Seq(seq))).collect();
    assert_eq!(append(app, &entries).await, Appended::Written);
    (id, entries)
}

/// Heads count from nothing, each conversation for itself.
pub async fn positions_are_dense(app: &App) {
    let (one, entries) = filled(app, 3).await;
    let (other, _) = filled(app, 1).await;
    let heads = app.log.heads(&[other, super::conversation(), one]).await.unwrap();
    assert_eq!(heads, [Seq(1), Seq(0), Seq(3)]);
    assert_eq!(app.log.latest_head(one).await.unwrap(), Seq(3));
    assert_eq!(app.log.latest_head(super::conversation()).await.unwrap(), Seq(0));
    assert_eq!(append(app, &[super::draft(one, "next").at(Seq(4))]).await, Appended::Written);
    assert_eq!(app.log.after(one, Seq(0), 3).await.unwrap(), entries);
}

/// A position that is taken, or leaves a hole, is refused, and nothing is written.
pub async fn a_gap_is_fenced(app: &App) {
    let (id, entries) = filled(app, 2).await;
    for seq in [1, 2, 4] {
        assert_eq!(append(app, &[super::draft(id, "late").at(Seq(seq))]).await, Appended::Fenced(id));
    }
    let second_is_wrong = [super::draft(id, "right").at(Seq(3)), super::draft(id, "wrong").at(Seq(5))];
    assert_eq!(append(app, &second_is_wrong).await, Appended::Fenced(id));
    assert_eq!(app.log.after(id, Seq(0), 9).await.unwrap(), entries);
}

/// An id stands in a conversation once; in another conversation it is another message.
pub async fn a_taken_id_is_fenced(app: &App) {
    let (id, entries) = filled(app, 1).await;
    let again = Draft { id: entries[0].id, ..super::draft(id, "again") };
    assert_eq!(append(app, &[again.at(Seq(2))]).await, Appended::Fenced(id));
    let elsewhere = super::conversation();
    let there = Draft { id: entries[0].id, ..super::draft(elsewhere, "there") };
    assert_eq!(append(app, &[there.at(Seq(1))]).await, Appended::Written);
    let wanted = [(id, entries[0].id), (super::conversation(), entries[0].id)];
    assert_eq!(app.log.find(&wanted).await.unwrap(), entries);
    assert_eq!(app.log.find_latest(&wanted).await.unwrap(), entries);
}

/// Two writers that both believe they own the log: one writes, the other is fenced.
pub async fn racing_writers_have_one_winner(app: &App) {
    let (id, _) = filled(app, 1).await;
    let (one, other) = (super::draft(id, "one").at(Seq(2)), super::draft(id, "other").at(Seq(2)));
    let (one, other) =
        super::join(append(app, std::slice::from_ref(&one)), append(app, std::slice::from_ref(&other))).await;
    assert_ne!(one, other);
    assert_eq!(app.log.heads(&[id]).await.unwrap(), [Seq(2)]);
}

/// A page after a position starts with the next one.
pub async fn reading_after_skips_nothing(app: &App) {
    let (id, entries) = filled(app, 5).await;
    assert_eq!(app.log.after(id, Seq(2), 2).await.unwrap(), entries[2..4]);
    assert_eq!(app.log.after(id, Seq(5), 2).await.unwrap(), []);
    assert_eq!(app.log.after(id, Seq(u64::MAX), 2).await.unwrap(), []);
}

/// A page before a position ends right before it, and ascends.
pub async fn reading_before_gives_the_last_ones(app: &App) {
    let (id, entries) = filled(app, 5).await;
    assert_eq!(app.log.before(id, Seq(4), 2).await.unwrap(), entries[1..3]);
    assert_eq!(app.log.before(id, Seq(u64::MAX), 2).await.unwrap(), entries[3..]);
    assert_eq!(app.log.before(id, Seq(1), 2).await.unwrap(), []);
    assert_eq!(app.log.before(id, Seq(0), 2).await.unwrap(), []);
}

/// Taking a message back takes its words and those of its edits; positions stay, others keep theirs.
pub async fn a_purge_takes_the_words_and_their_edits(app: &App) {
    let (id, entries) = filled(app, 2).await;
    let edit = Draft { kind: EntryKind::Edit, target: Some(entries[0].id), ..super::draft(id, "better") }.at(Seq(3));
    assert_eq!(append(app, &[edit]).await, Appended::Written);
    let retract = Draft { kind: EntryKind::Retract, target: Some(entries[0].id), ..super::draft(id, "") };
    let retract = Draft { envelope: None, ..retract }.at(Seq(4));
    let batch = Batch { entries: vec![retract], purge: vec![(id, entries[0].id)], ..Batch::default() };
    assert_eq!(app.log.append(batch).await.unwrap(), Appended::Written);
    let words: Vec<bool> =
        app.log.after(id, Seq(0), 9).await.unwrap().iter().map(|entry| entry.envelope.is_some()).collect();
    assert_eq!(words, [false, true, false, false]);
}

/// At its moment, not before; others keep theirs.
pub async fn what_expires_loses_its_words_once(app: &App) {
    let id = super::conversation();
    let at = |ms| Draft { expires_at: Some(Timestamp(ms)), ..super::draft(id, "for now") };
    let entries = [at(20).at(Seq(1)), super::draft(id, "for good").at(Seq(2)), at(10).at(Seq(3)), at(30).at(Seq(4))];
    assert_eq!(append(app, &entries).await, Appended::Written);
    assert_eq!(app.log.expire(Timestamp(9), 10).await.unwrap(), 0);
    assert_eq!(app.log.expire(Timestamp(20), 1).await.unwrap(), 1, "the earliest first");
    let words = async || {
        app.log.after(id, Seq(0), 9).await.unwrap().iter().map(|entry| entry.envelope.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(words().await, [true, true, false, true]);
    assert_eq!(app.log.expire(Timestamp(20), 10).await.unwrap(), 1);
    assert_eq!(app.log.expire(Timestamp(20), 10).await.unwrap(), 0);
    assert_eq!(words().await, [false, true, false, true]);
}
