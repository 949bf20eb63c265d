//! Each port's contract, as checks that take any adapter: `conformance!(name, open)` makes a test of each.
//!
//! `open` gives something that derefs to an [`crate::App`] whose ports are the adapters under test, empty or shared with other tests:
//! every check makes its own people and conversations.

pub mod accounts;
pub mod backups;
pub mod blobs;
pub mod blocks;
pub mod claims;
pub mod conversations;
pub mod delivery;
pub mod directory;
pub mod keys;
pub mod limits;
pub mod log;
pub mod mailboxes;
pub mod push;
pub mod queue;
pub mod receipts;
pub mod sessions;

use shared_types::{Content, ConversationId, EntryKind, Envelope, MessageId, Timestamp, UserId};
use uuid::Uuid;

use crate::domain::entry::Draft;

/// Makes a `#[tokio::test]` of every check of every port; with `hot` at the end, only of the ports that may lose what they
/// hold, for a second engine behind them.
#[macro_export]
macro_rules! conformance {
    ($adapters:ident, $open:expr) => {
        mod $adapters {
            use super::*;
            $crate::conformance!(@durable $open);
            $crate::conformance!(@hot $open);
        }
    };
    ($adapters:ident, $open:expr, hot) => {
        mod $adapters {
            use super::*;
            $crate::conformance!(@hot $open);
        }
    };
    (@durable $open:expr) => {
        $crate::conformance!(@suite $open, accounts: a_name_belongs_to_one, racing_for_a_name_has_one_winner, an_update_is_read_back, a_search_finds_prefixes_in_order);
        $crate::conformance!(@suite $open, backups: a_head_follows_the_one_before, a_removed_head_is_gone);
        $crate::conformance!(@suite $open, blobs: what_is_put_is_read_back_by_ranges, putting_again_replaces, what_is_deleted_is_gone);
        $crate::conformance!(@suite $open, blocks: a_block_holds_both_ways, blocking_twice_is_blocking_once);
        $crate::conformance!(@suite $open, conversations: creating_twice_is_creating_once, members_are_found_from_both_sides, a_setting_is_read_back, members_come_go_and_change, statements_follow_one_another);
        $crate::conformance!(@suite $open, keys: a_list_only_rises, lists_are_found_by_their_people, a_one_time_key_is_given_once, the_fallback_serves_when_none_is_left, bringing_keys_twice_is_bringing_them_once, who_wants_keys_is_found, a_forgotten_device_has_nothing);
        $crate::conformance!(@suite $open, mailboxes: what_is_put_in_is_listed_in_order_until_it_is_acknowledged, putting_in_twice_is_once, mailboxes_do_not_mix, what_nobody_fetches_expires, boxes_come_with_their_entry_or_not_at_all);
        $crate::conformance!(@suite $open, log: positions_are_dense, a_gap_is_fenced, a_taken_id_is_fenced, racing_writers_have_one_winner, reading_after_skips_nothing, reading_before_gives_the_last_ones, a_purge_takes_the_words_and_their_edits, what_expires_loses_its_words_once);
        $crate::conformance!(@suite $open, queue: what_is_published_is_taken_in_order, lanes_do_not_mix, depth_falls_with_acks, the_dead_are_kept_off_their_lane, what_is_put_off_comes_again);
        $crate::conformance!(@suite $open, sessions: the_newest_token_advances_once, an_ended_session_stays_ended, sessions_are_listed_newest_first);
    };
    (@hot $open:expr) => {
        $crate::conformance!(@suite $open, claims: the_first_claim_wins, a_released_claim_is_free, a_settled_claim_is_remembered_as_promised);
        $crate::conformance!(@suite $open, delivery: every_pod_hears_in_order, a_pod_hears_nothing_from_before, members_are_reached_through_every_pod);
        $crate::conformance!(@suite $open, directory: a_person_is_online_while_a_pod_says_so, a_silent_pod_leaves_no_ghosts, a_beat_says_whom_the_directory_had_lost, strangers_were_never_there);
        $crate::conformance!(@suite $open, limits: a_bucket_runs_dry_and_says_for_how_long);
        $crate::conformance!(@suite $open, push: what_is_sent_is_remembered);
        $crate::conformance!(@suite $open, receipts: watermarks_never_fall, only_a_rise_is_told_as_one, racing_claims_merge);
    };
    (@suite $open:expr, $port:ident: $($check:ident),+ $(,)?) => {
        mod $port {
            use super::*;
            $(#[tokio::test]
            async fn $check() {
                let world = $open.await;
                $crate::conformance::$port::$check(&world).await;
            })+
        }
    };
}

pub(crate) fn user() -> UserId {
    UserId(Uuid::now_v7())
}

pub(crate) fn conversation() -> ConversationId {
    ConversationId(Uuid::now_v7())
}

/// Something said, not yet at a position.
pub(crate) fn draft(conversation: ConversationId, words: &str) -> Draft {
    Draft {
        id: MessageId(Uuid::now_v7()),
        conversation,
        kind: EntryKind::Message,
        target: None,
        sender: user(),
        device: [1; 16].into(),
        sent_at: Timestamp(1_800_000_000_000),
        envelope: Some(Envelope::Plain { content: Content::Text { text: words.into() } }),
        reply_to: None,
        expires_at: None,
        boxes: Vec::new(),
        system: None,
        stamp: Some("c3RhbXA=".into()),
    }
}

/// Polls both at once, without a runtime's help.
pub(crate) async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
    let (mut one, mut other) = (None, None);
    std::future::poll_fn(move |context| {
        if one.is_none()
            && let std::task::Poll::Ready(output) = first.as_mut().poll(context)
        {
            one = Some(output);
        }
        if other.is_none()
            && let std::task::Poll::Ready(output) = second.as_mut().poll(context)
        {
            other = Some(output);
        }
        match (one.take(), other.take()) {
            (Some(one), Some(other)) => std::task::Poll::Ready((one, other)),
            (left, right) => {
                (one, other) = (left, right);
                std::task::Poll::Pending
            }
        }
    })
    .await
}
