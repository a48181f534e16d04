use crate::ids::{ClientId, FamilyId};
use std::fmt;

/// The SHA-256 of a refresh token's secret: all that is stored of it.
pub type Digest = [u8; 32];

/// Refresh tokens that follow from one another. Each is good once, and only the last of them is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshFamily {
    /// Which family.
    pub id: FamilyId,
    /// The client that its tokens were issued to.
    pub client: ClientId,
    /// What the last token's secret is known by.
    pub current: Digest,
    /// Seconds since 1970 at which the last token expires.
    pub expires_unix_s: u64,
    /// Whether a token of it was used twice.
    pub revoked: bool,
}

/// What is to become of a refresh token that somebody presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It is the family's last one: another takes its place.
    Good,
    /// Another has taken its place already, by the very same call: its answer was lost.
    Repeated,
    /// It is not the family's last one, so somebody else has it too: the family is revoked.
    Reused,
    /// It is not good, and that says nothing about its family.
    Refused,
}

impl RefreshFamily {
    /// What becomes of a token with the secret `spent`, presented by `client`, that is to be followed by `next`.
    ///
    /// Only a token's owner knows the family's id, so a wrong secret with a known id is a token that was good once.
    #[must_use]
    pub fn presented(&self, client: &ClientId, spent: &Digest, next: &Digest, now_unix_s: u64) -> Presented {
        if self.revoked || self.client != *client || self.expires_unix_s <= now_unix_s {
            Presented::Refused
        } else if self.current == *next {
            Presented::Repeated
        } else if self.current == *spent {
            Presented::Good
        } else {
            Presented::Reused
        }
    }
}

/// A refresh token as its client holds it: `{family}.{secret}`. Printed without its secret by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The family that it belongs to.
    pub family: FamilyId,
    /// What makes it good: text that nobody else can guess.
    pub secret: String,
}

impl RefreshToken {
    /// Bytes of a token that is looked at.
    const BYTES_MAX: usize = 256;

    /// Takes a token apart. `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (family, secret) = text.split_once('.').filter(|_| text.len() <= Self::BYTES_MAX)?;
        let family = FamilyId::parse(family).ok()?;
        (!secret.is_empty()).then(|| Self { family, secret: secret.to_owned() })
    }

    /// The token as its client gets it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.family, self.secret)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("family", &self.family).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000;

    fn client(id: &str) -> ClientId {
        ClientId::parse(id).unwrap()
    }

    fn family() -> RefreshFamily {
        RefreshFamily {
            id: FamilyId::parse("f").unwrap(),
            client: client("c"),
            current: [1; 32],
            expires_unix_s: NOW + 1,
            revoked: false,
        }
    }

    #[test]
    fn only_the_last_token_of_a_family_is_good_and_only_for_its_client() {
        let presented = |by: &str, spent: u8, next: u8, now| {
            family().presented(&client(by), &[spent; 32], &[next; 32], now)
        };
        assert_eq!(presented("c", 1, 2, NOW), Presented::Good);
        assert_eq!(presented("c", 0, 1, NOW), Presented::Repeated);
        assert_eq!(presented("c", 0, 2, NOW), Presented::Reused);
        assert_eq!(presented("d", 1, 2, NOW), Presented::Refused);
        assert_eq!(presented("d", 0, 2, NOW), Presented::Refused, "another client revokes nothing");
        assert_eq!(presented("c", 1, 2, NOW + 1), Presented::Refused);
        let revoked = RefreshFamily { revoked: true, ..family() };
        assert_eq!(revoked.presented(&client("c"), &[1; 32], &[2; 32], NOW), Presented::Refused);
    }

    #[test]
    fn a_token_is_a_family_and_a_secret() {
        let token = RefreshToken::parse("family-1.se.cret").unwrap();
        assert_eq!((token.family.as_str(), &*token.secret), ("family-1", "se.cret"));
        assert_eq!(token.reveal(), "family-1.se.cret");
        assert!(!format!("{token:?}").contains("cret"));
        let long = format!("f.{}", "x".repeat(300));
        for bad in ["", ".", "family", "family.", ".secret", "fam ily.secret", &long] {
            assert_eq!(RefreshToken::parse(bad), None, "{bad}");
        }
    }
}
