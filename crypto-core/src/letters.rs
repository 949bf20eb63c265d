//! Secrets and hashes as people write them down: Crockford's base 32, in groups of four.

use zeroize::Zeroizing;

/// No letter looks like a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// As it is shown. Whole letters only: a length that is a multiple of five bytes loses nothing.
pub(crate) fn show(bytes: &[u8]) -> Zeroizing<String> {
    let (mut text, mut pending, mut bits) = (Zeroizing::new(String::with_capacity(bytes.len() * 2 + 1)), 0_u32, 0);
    for byte in bytes {
        (pending, bits) = (pending << 8 | u32::from(*byte), bits + 8);
        while bits >= 5 {
            bits -= 5;
            if text.len() % 5 == 4 {
                text.push('-');
            }
            text.push(char::from(LETTERS[(pending >> bits & 31) as usize]));
        }
    }
    text
}

/// As it is typed: small letters, blanks and the letters that look like digits are taken for what is meant. `None` where
/// something else stands there.
pub(crate) fn read(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (mut bytes, mut pending, mut bits) = (Zeroizing::new(Vec::with_capacity(text.len())), 0_u32, 0);
    for letter in text.chars().filter(|letter| letter.is_alphanumeric()) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let place = LETTERS.iter().position(|it| char::from(*it) == letter)?;
        (pending, bits) = (pending << 5 | u32::try_from(place).ok()?, bits + 5);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(pending >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_shown_is_read(chunks in prop::collection::vec(any::<[u8; 5]>(), 0..8)) {
            let bytes = chunks.concat();
            let shown = show(&bytes);
            let again = read(&shown).unwrap();
            prop_assert_eq!(again.as_slice(), bytes.as_slice());
            let typed = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
            let again = read(&typed).unwrap();
            prop_assert_eq!(again.as_slice(), bytes.as_slice());
        }

        #[test]
        fn anything_is_read_or_refused(text: String) {
            let _ = read(&text);
        }
    }

    #[test]
    fn a_letter_that_is_none_is_refused() {
        assert!(read("ABCD-U").is_none());
        assert!(read("ÄBCD").is_none());
    }
}
