//! Accounts and sessions.

mod authenticate;
mod block;
mod login;
mod people;
mod profile;
mod refresh;
mod register;
mod sessions;
mod sign_in;

pub use authenticate::authenticate;
pub use block::{block, unblock};
pub use login::login;
pub use people::{find_people, find_person};
pub use profile::{me, update_me};
pub use refresh::refresh;
pub use register::register;
pub use sessions::{end_session, list_sessions};
