//! The contract of [`crate::ports::Accounts`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{Timestamp, UserId};

use crate::{App, domain::account::Account, ports::Created};

fn account(username: &str) -> Account {
    Account {
        id: super::user(),
        username: username.into(),
        display_name: "Someone".into(),
        password_hash: "hash".into(),
        created_at: Timestamp(1),
    }
}

/// A name that no other test has.
fn name() -> String {
    let tail = super::user().0.simple().to_string();
    format!("n{}", &tail[tail.len() - 20..])
}

/// A username is unique.
pub async fn a_name_belongs_to_one(app: &App) {
    let first = account(&name());
    assert_eq!(app.accounts.create(&first).await.unwrap(), Created::New);
    let second = account(&first.username);
    assert_eq!(app.accounts.create(&second).await.unwrap(), Created::NameTaken);
    assert_eq!(app.accounts.find_by_username(&first.username).await.unwrap(), Some(first));
    assert_eq!(app.accounts.find(&[second.id]).await.unwrap(), []);
}

/// Of two who ask at once, one gets it.
pub async fn racing_for_a_name_has_one_winner(app: &App) {
    let name = name();
    let (one, other) = (account(&name), account(&name));
    let (first, second) = super::join(app.accounts.create(&one), app.accounts.create(&other)).await;
    let created = [first.unwrap(), second.unwrap()];
    assert_eq!(created.iter().filter(|created| **created == Created::New).count(), 1);
}

/// What is changed is read back; the name stays.
pub async fn an_update_is_read_back(app: &App) {
    let first = account(&name());
    app.accounts.create(&first).await.unwrap();
    let changed = Account { display_name: "Someone Else".into(), ..first };
    app.accounts.update(&changed).await.unwrap();
    assert_eq!(app.accounts.find(&[UserId::from([9; 16]), changed.id]).await.unwrap(), std::slice::from_ref(&changed));
    assert_eq!(app.accounts.find_by_username(&changed.username).await.unwrap(), Some(changed));
}

/// A search gives names that start so, by name, and not more than asked.
pub async fn a_search_finds_prefixes_in_order(app: &App) {
    let prefix = name();
    for tail in ["c", "a", "b"] {
        app.accounts.create(&account(&format!("{prefix}{tail}"))).await.unwrap();
    }
    let found = app.accounts.search(&prefix, 2).await.unwrap();
    let names: Vec<_> = found.iter().map(|account| account.username.as_str()).collect();
    assert_eq!(names, [format!("{prefix}a"), format!("{prefix}b")]);
    assert_eq!(app.accounts.search(&format!("{prefix}x"), 9).await.unwrap(), []);
}
