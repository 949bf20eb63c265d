//! Project Wycheproof's vectors (<https://github.com/C2SP/wycheproof>), run through the very functions that are used here: edge
//! cases at which implementations have failed before.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use wycheproof::{TestResult, aead, eddsa, hkdf, mac};

use crate::{
    aead::{derive, open},
    digest::hmac,
    list::verify,
    secret::Key,
};

fn is_valid(result: TestResult) -> bool {
    matches!(result, TestResult::Valid | TestResult::Acceptable)
}

#[test]
fn xchacha20_poly1305_opens_what_it_should() {
    let set = aead::TestSet::load(aead::TestName::XChaCha20Poly1305).unwrap();
    let mut counted = 0;
    for group in set.test_groups {
        for test in group.tests {
            let (Ok(key), 24) = (<[u8; 32]>::try_from(test.key.as_slice()), test.nonce.len()) else { continue };
            let sealed = [test.nonce.as_slice(), test.ct.as_slice(), test.tag.as_slice()].concat();
            let opened = open(&Key::from(key), &test.aad, &sealed);
            let expected = is_valid(test.result).then(|| test.pt.to_vec());
            assert_eq!(opened.map(|opened| opened.to_vec()), expected, "{}: {}", test.tc_id, test.comment);
            counted += 1;
        }
    }
    assert!(counted > 200, "{counted}");
}

#[test]
fn ed25519_takes_no_signature_that_is_none() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups {
        let key = STANDARD.encode(&group.key.pk);
        for test in group.tests {
            let verified = verify(&key, &test.msg, &STANDARD.encode(&test.sig), "a signature").is_ok();
            assert_eq!(verified, is_valid(test.result), "{}: {}", test.tc_id, test.comment);
            if verified { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid > 50 && invalid > 50, "{valid} valid, {invalid} invalid");
}

#[test]
fn hmac_sha256_is_as_it_should_be() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut counted = 0;
    for group in set.test_groups.into_iter().filter(|group| group.tag_size == 256) {
        for test in group.tests {
            let Ok(key) = <[u8; 32]>::try_from(test.key.as_slice()) else { continue };
            assert_eq!(hmac(&key, &test.msg) == test.tag.as_slice(), is_valid(test.result), "{}", test.tc_id);
            counted += 1;
        }
    }
    assert!(counted > 20, "{counted}");
}

#[test]
fn hkdf_sha256_is_as_it_should_be() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut counted = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        if !test.salt.is_empty() || test.size != 32 {
            continue;
        }
        assert_eq!(derive(&test.ikm, &test.info).bytes().as_slice(), test.okm.as_slice(), "{}", test.tc_id);
        counted += 1;
    }
    assert!(counted > 0, "{counted}");
}
