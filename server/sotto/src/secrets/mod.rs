//! The server's own secrets: its key file, passwords and access tokens.

mod key;
mod passwords;
mod tokens;

pub use key::{Keys, load_or_make};
pub use passwords::{Argon, Cost};
pub use tokens::Jwt;
