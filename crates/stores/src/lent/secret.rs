use aws_lc_rs::constant_time::verify_slices_are_equal;
use hyper::header::HeaderValue;
use std::fmt;

/// Characters that a secret must have: what 32 random hex digits hold cannot be guessed.
const CHARACTERS_MIN: usize = 32;
/// Characters that a secret may have, so that it fits a request's head.
const CHARACTERS_MAX: usize = 1024;

/// What proves that a process may borrow documents: 32 to 1,024 visible ASCII characters.
#[derive(Clone, PartialEq, Eq)]
pub struct LoanSecret(String);

/// A text is no [`LoanSecret`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected {CHARACTERS_MIN} to {CHARACTERS_MAX} visible ASCII characters, such as `openssl rand -hex 32` prints"
)]
pub struct InvalidLoanSecret;

impl LoanSecret {
    /// Parses a secret.
    ///
    /// # Errors
    /// [`InvalidLoanSecret`] where it is too short or too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidLoanSecret> {
        let fits = (CHARACTERS_MIN..=CHARACTERS_MAX).contains(&text.len());
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits && visible { Ok(Self(text.to_owned())) } else { Err(InvalidLoanSecret) }
    }

    /// The secret itself, to be handed to a borrower.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The `Authorization` header of a borrower.
    pub(super) fn header(&self) -> HeaderValue {
        let mut header =
            HeaderValue::try_from(format!("Bearer {}", self.0)).expect("visible ASCII may stand in a header");
        header.set_sensitive(true);
        header
    }

    /// Whether an `Authorization` header carries this secret. Takes as long for a near miss as for a far one.
    pub(super) fn is_in(&self, header: Option<&HeaderValue>) -> bool {
        let shown = header.and_then(|header| header.as_bytes().strip_prefix(b"Bearer "));
        shown.is_some_and(|shown| verify_slices_are_equal(shown, self.0.as_bytes()).is_ok())
    }
}

impl fmt::Debug for LoanSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoanSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_visible_and_never_printed() {
        let secret = LoanSecret::parse(&"s".repeat(32)).unwrap();
        assert!(!format!("{secret:?}").contains("ss"));
        for bad in ["s".repeat(31), "s".repeat(1025), format!("{} ", "s".repeat(40)), "ü".repeat(40)] {
            assert_eq!(LoanSecret::parse(&bad), Err(InvalidLoanSecret), "{bad:?}");
        }
        assert!(LoanSecret::parse(&"s".repeat(1024)).is_ok());
    }

    #[test]
    fn only_the_whole_secret_is_taken() {
        let secret = LoanSecret::parse(&"s".repeat(32)).unwrap();
        assert!(secret.is_in(Some(&secret.header())));
        let longer = LoanSecret::parse(&"s".repeat(33)).unwrap();
        assert!(!secret.is_in(Some(&longer.header())));
        assert!(!secret.is_in(Some(&HeaderValue::from_static("Bearer "))));
        assert!(!secret.is_in(None));
    }
}
