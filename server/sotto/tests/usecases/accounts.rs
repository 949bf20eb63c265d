//! Signing in, and staying so.

use std::net::Ipv4Addr;

use super::{
    code, refused,
    world::{self, World, caller, device, unique},
};
use shared_types::{
    Code, Secret,
    account::{Login, NewDevice, Refresh},
};
use sotto_core::usecases::account::{authenticate, end_session, find_people, list_sessions, login, refresh, register};

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let world = World::ports();
    let ip = Ipv4Addr::LOCALHOST.into();
    let first = world.person(&unique("ana")).await;
    let turn = async |token: &Secret| refresh(&world, ip, Refresh { refresh_token: token.clone() }).await;
    let second = turn(&first.refresh_token).await.unwrap();
    let repeated = turn(&first.refresh_token).await.unwrap();
    assert_eq!(repeated.refresh_token, second.refresh_token, "a repeat within the grace gets the same successor");
    let third = turn(&second.refresh_token).await.unwrap();
    assert_ne!(third.refresh_token, second.refresh_token);
    assert!(authenticate(&world, &third.access_token.0).await.is_ok());

    assert_eq!(code(turn(&first.refresh_token).await), Code::TokenReused);
    assert_eq!(code(turn(&third.refresh_token).await), Code::SessionRevoked);
    assert_eq!(code(authenticate(&world, &third.access_token.0).await), Code::SessionRevoked);
    assert_eq!(code(turn(&Secret("nonsense".into())).await), Code::Unauthorized);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_get_the_same_successor() {
    let world = World::ports();
    let ip = Ipv4Addr::LOCALHOST.into();
    let first = world.person(&unique("ana")).await;
    let token = || Refresh { refresh_token: first.refresh_token.clone() };
    let (one, other) = tokio::join!(refresh(&world, ip, token()), refresh(&world, ip, token()));
    assert_eq!(one.unwrap().refresh_token, other.unwrap().refresh_token);
}

#[tokio::test]
async fn a_device_that_signs_in_again_is_the_same_device() {
    let world = World::ports();
    let ip = Ipv4Addr::LOCALHOST.into();
    let name = unique("ana");
    let first = world.person(&name).await;
    let sign_in = async |id| {
        let device = NewDevice { id, ..device() };
        let input =
            Login { username: name.to_uppercase(), password: Secret("correct horse".into()), device, totp: None };
        login(&world, ip, input).await.unwrap()
    };
    let again = sign_in(Some(first.device.id)).await;
    assert_eq!(again.device.id, first.device.id);
    assert_eq!(code(authenticate(&world, &first.access_token.0).await), Code::SessionRevoked);
    let foreign = sign_in(Some([7; 16].into())).await;
    assert_ne!(foreign.device.id, [7; 16].into(), "an id that was never this account's is not taken");
    assert_eq!(list_sessions(&world, caller(&again)).await.unwrap().sessions.len(), 2);
    end_session(&world, caller(&again), foreign.session_id).await.unwrap();
    assert_eq!(list_sessions(&world, caller(&again)).await.unwrap().sessions.len(), 1);
    let stranger = world.person(&unique("bo")).await;
    assert_eq!(code(end_session(&world, caller(&stranger), again.session_id).await), Code::NotFound);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let world = World::ports();
    let name = unique("ana");
    world.person(&name).await;
    let attempt = async |username: &str, password: &str| {
        let input =
            Login { username: username.into(), password: Secret(password.into()), device: device(), totp: None };
        refused(login(&world, Ipv4Addr::LOCALHOST.into(), input).await)
    };
    let wrong = attempt(&name, "wrong horse").await;
    assert_eq!(wrong, (Code::BadCredentials, None));
    assert_eq!(attempt(&unique("nobody"), "correct horse").await, wrong);
    assert_eq!(attempt("not a name", "correct horse").await, wrong);
    let again = register(&world, Ipv4Addr::LOCALHOST.into(), world::register(&name)).await;
    assert_eq!(refused(again), (Code::UsernameTaken, Some("username".into())));
}

#[tokio::test]
async fn sign_ins_are_limited_without_locking_the_owner_out() {
    let mut world = World::ports();
    let name = unique("ana");
    world.person(&name).await;
    world.app.policy.rate_limits = sotto_core::app::RateLimits::On;
    let from = async |last: u8, password: &str| {
        let input = Login { username: name.clone(), password: Secret(password.into()), device: device(), totp: None };
        login(&world, [10, 0, 0, last].into(), input).await
    };
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(code(from(1, "guess guess").await));
    }
    assert_eq!(codes.pop(), Some(Code::RateLimited));
    assert!(codes.iter().all(|code| *code == Code::BadCredentials));
    assert!(from(2, "correct horse").await.is_ok());
}

#[tokio::test]
async fn a_made_up_refresh_token_ends_nothing() {
    let world = World::ports();
    let ana = world.person(&unique("ana")).await;
    let mut text = ana.refresh_token.0.clone();
    text.replace_range(30..40, "AAAAAAAAAA");
    let made_up = Refresh { refresh_token: Secret(text) };
    assert_eq!(code(refresh(&world, Ipv4Addr::LOCALHOST.into(), made_up).await), Code::Unauthorized);
    let real = Refresh { refresh_token: ana.refresh_token };
    assert!(refresh(&world, Ipv4Addr::LOCALHOST.into(), real).await.is_ok());
}

#[tokio::test]
async fn people_are_found_by_the_start_of_their_name() {
    let world = World::ports();
    let ana = world.person(&unique("ana")).await;
    let bo = world.person(&unique("bo")).await;
    let found = find_people(&world, caller(&ana), &bo.user.username[..10].to_uppercase()).await.unwrap().users;
    assert_eq!(found, [bo.user]);
    let own = find_people(&world, caller(&ana), &ana.user.username).await.unwrap().users;
    assert_eq!(own, [], "not oneself");
    assert_eq!(refused(find_people(&world, caller(&ana), " ").await), (Code::Invalid, Some("query".into())));
}
