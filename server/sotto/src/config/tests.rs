//! Settings as operators write them.

use std::io::Write as _;

use super::*;

fn load(toml: &str) -> Result<Settings, WrongSetting> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    Settings::load(Some(file.path()))
}

#[test]
fn a_file_sets_what_it_names_and_defaults_do_the_rest() {
    let settings = load("partitions = 8\nregistration = \"closed\"\nallow_plaintext = true").unwrap();
    assert_eq!((settings.partitions, settings.registration), (8, Registration::Closed));
    assert_eq!(settings.plaintext, Plaintext::Allowed);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
}

#[test]
fn a_wrong_setting_is_named() {
    for (toml, named) in [
        ("partitions = 0", "SOTTO_PARTITIONS"),
        ("listen = \"here\"", "listen"),
        ("registration = \"maybe\"", "registration"),
        ("colour = \"blue\"", "colour"),
        ("store = \"mongodb://x\"", "SOTTO_QUEUE"),
        ("cache = \"redis://x\"", "SOTTO_STORE"),
        ("store = \"mongodb://x\"\nqueue = \"amqp://x\"\ncache = \"redis://x\"", "SOTTO_"),
        ("secret = \"1234\"", "SOTTO_SECRET"),
        ("blobs_access_key = \"x\"", "SOTTO_BLOBS_ACCESS_KEY"),
        ("web_dir = \"/nowhere\"", "SOTTO_WEB_DIR"),
        ("public_url = \"chat\"", "SOTTO_PUBLIC_URL"),
    ] {
        let error = load(toml).unwrap_err().to_string();
        assert!(error.contains(named), "{toml}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
