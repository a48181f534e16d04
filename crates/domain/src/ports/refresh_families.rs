use super::Unavailable;
use crate::ids::{ClientId, FamilyId};
use crate::registry::{Digest, Presented, RefreshFamily};

/// A refresh token that is to be followed by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its family.
    pub family: FamilyId,
    /// Who presents it.
    pub client: ClientId,
    /// What its secret is known by.
    pub spent: Digest,
    /// What the next one's secret is known by: drawn anew for each request.
    pub next: Digest,
    /// Seconds since 1970 at which the next one expires.
    pub expires_unix_s: u64,
}

/// Families of refresh tokens.
///
/// # Contract
/// - [`RefreshFamilies::turn`] is atomic: of any number of calls with one spent token, one is told
///   [`Presented::Good`]; the first other that differs in `next` is told [`Presented::Reused`], and later ones that or
///   [`Presented::Refused`]. What is told is what [`RefreshFamily::presented`] says of the stored family; an unknown
///   one is [`Presented::Refused`].
/// - Whoever is told [`Presented::Reused`] finds the family revoked, and so does everybody after.
/// - A repeat of a call that took effect is told [`Presented::Repeated`].
/// - A family may be forgotten once its last token has expired.
/// - After [`Unavailable`] a change may or may not have happened.
#[async_trait::async_trait]
pub trait RefreshFamilies: Send + Sync + 'static {
    /// Stores a new family. Its id is drawn from enough bits that there is no other of it; where there is one, it is
    /// this one, and stays as it is.
    async fn begin(&self, family: &RefreshFamily) -> Result<(), Unavailable>;

    /// Lets the next token take the place of the spent one, where that is the family's last.
    async fn turn(&self, turn: &Turn, now_unix_s: u64) -> Result<Presented, Unavailable>;
}
