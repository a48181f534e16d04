//! Seals under which the nodes of one deployment believe each other: HMAC-SHA256 (RFC 2104) with a secret that
//! all of them share.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// A secret that seals and opens.
#[derive(Clone)]
pub struct SealKey(hmac::Key);

/// Why a sealed text is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenSeal {
    /// It is not two parts of base64url.
    #[error("it is no sealed text")]
    Malformed,
    /// It was sealed with another secret, for another purpose, or was changed since.
    #[error("its seal is not ours")]
    Foreign,
}

impl SealKey {
    /// The key of a secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// `content` under this key's seal, as text that fits a header: `content.seal`, both in base64url. What was
    /// sealed for one purpose does not open for another. A purpose holds no zero byte.
    #[must_use]
    pub fn seal(&self, purpose: &str, content: &[u8]) -> String {
        let seal = hmac::sign(&self.0, &sealed(purpose, content));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(content), URL_SAFE_NO_PAD.encode(seal))
    }

    /// The content of a text that this key sealed for `purpose`. Seals are compared in constant time.
    ///
    /// # Errors
    /// [`BrokenSeal`].
    pub fn open(&self, purpose: &str, text: &str) -> Result<Vec<u8>, BrokenSeal> {
        let part = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| BrokenSeal::Malformed);
        let (content, seal) = text.split_once('.').ok_or(BrokenSeal::Malformed)?;
        let (content, seal) = (part(content)?, part(seal)?);
        hmac::verify(&self.0, &sealed(purpose, &content), &seal).map_err(|_| BrokenSeal::Foreign)?;
        Ok(content)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

fn sealed(purpose: &str, content: &[u8]) -> Vec<u8> {
    [purpose.as_bytes(), &[0], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_seal_opens_only_for_its_key_and_purpose() {
        let (key, other) = (SealKey::new(&[7; 32]), SealKey::new(&[8; 32]));
        let text = key.seal("greeting", "grüß dich".as_bytes());
        assert_eq!(key.open("greeting", &text), Ok("grüß dich".as_bytes().to_vec()));
        assert_eq!(key.open("farewell", &text), Err(BrokenSeal::Foreign));
        assert_eq!(other.open("greeting", &text), Err(BrokenSeal::Foreign));
        assert_eq!(format!("{key:?}"), "SealKey(..)");
    }

    #[test]
    fn what_is_no_sealed_text_is_told_from_a_foreign_seal() {
        let key = SealKey::new(&[7; 32]);
        for text in ["", ".", "a", "YQ", "YQ.!", "?.YQ", "YQ.YQ.YQ", "YQ==.YQ=="] {
            let expected = if text == "." { BrokenSeal::Foreign } else { BrokenSeal::Malformed };
            assert_eq!(key.open("p", text), Err(expected), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_change_of_a_sealed_text_goes_unseen(
            content in prop::collection::vec(any::<u8>(), 0..64),
            at in any::<prop::sample::Index>(),
            with in any::<u8>(),
        ) {
            let key = SealKey::new(&[7; 32]);
            let mut text = key.seal("p", &content).into_bytes();
            prop_assert_eq!(key.open("p", std::str::from_utf8(&text).unwrap()), Ok(content));
            let at = at.index(text.len());
            let with = with & 0x7f;
            prop_assume!(text[at] != with);
            text[at] = with;
            prop_assert!(key.open("p", std::str::from_utf8(&text).unwrap()).is_err());
            text.truncate(at);
            prop_assert!(key.open("p", std::str::from_utf8(&text).unwrap()).is_err());
        }
    }
}
