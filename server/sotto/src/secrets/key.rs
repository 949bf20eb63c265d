//! The key file: 32 random bytes made at the first start, from which every other key is derived.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The derived keys.
#[derive(Clone)]
pub struct Keys {
    /// Signs access tokens.
    pub access: [u8; 32],
    /// Derives successors of refresh tokens.
    pub refresh: [u8; 32],
    /// Stamps sealed messages.
    pub franking: [u8; 32],
}

const FILE: &str = "server.key";

/// Reads the key file of the data directory, or makes it, readable by its owner alone.
pub fn load_or_make(data_dir: &Path) -> anyhow::Result<Keys> {
    let path = data_dir.join(FILE);
    let named = || format!("the key file {}", path.display());
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => make(&path).with_context(named)?,
        Err(error) => return Err(error).with_context(named),
    };
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let master = bytes.with_context(|| format!("{} is damaged: restore it from the backup", named()))?;
    Ok(Keys::from_master(&master))
}

impl Keys {
    /// The keys under a master key, which every pod has.
    pub fn from_master(master: &[u8; 32]) -> Self {
        Self {
            access: derive(master, b"access token"),
            refresh: derive(master, b"refresh token"),
            franking: derive(master, b"franking stamp"),
        }
    }
}

fn make(path: &Path) -> anyhow::Result<String> {
    let mut master = [0; 32];
    getrandom::fill(&mut master).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let text = STANDARD.encode(master);
    // Written beside and renamed, so that a crash leaves no half key.
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(text)
}

/// HMAC-SHA-256 of a label under the master key (the first block of HKDF-Expand, RFC 5869, without its counter).
fn derive(master: &[u8; 32], label: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(master);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(label);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = load_or_make(dir.path()).unwrap();
        let again = load_or_make(dir.path()).unwrap();
        assert_eq!(first.access, again.access);
        assert_ne!(first.access, first.refresh);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "garbage").unwrap();
        assert!(load_or_make(dir.path()).is_err());
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "garbage");
    }
}
