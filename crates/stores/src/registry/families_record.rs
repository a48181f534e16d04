//! Refresh families as a file holds them, in JSON.

use super::families::Families;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{ClientId, FamilyId};
use domain::registry::{Digest, RefreshFamily};
use serde::{Deserialize, Serialize};

/// What `refresh-tokens.json` holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FamiliesRecord {
    families: Vec<FamilyRecord>,
}

#[derive(Serialize, Deserialize)]
struct FamilyRecord {
    id: String,
    client: String,
    /// The SHA-256 of the last token's secret, in base64url.
    current: String,
    expires_unix_s: u64,
    revoked: bool,
}

impl FamiliesRecord {
    pub(super) fn of(families: &Families) -> Self {
        let record = |family: &RefreshFamily| FamilyRecord {
            id: family.id.to_string(),
            client: family.client.to_string(),
            current: URL_SAFE_NO_PAD.encode(family.current),
            expires_unix_s: family.expires_unix_s,
            revoked: family.revoked,
        };
        Self { families: families.iter().map(record).collect() }
    }

    /// The families that it speaks of; what is wrong with it, where it is none.
    pub(super) fn read(self) -> Result<Families, String> {
        self.families.into_iter().map(FamilyRecord::read).collect()
    }
}

impl FamilyRecord {
    fn read(self) -> Result<RefreshFamily, String> {
        let current = URL_SAFE_NO_PAD.decode(&self.current).ok().and_then(|c| Digest::try_from(c).ok());
        Ok(RefreshFamily {
            id: FamilyId::parse(&self.id).map_err(|error| error.to_string())?,
            client: ClientId::parse(&self.client).map_err(|error| error.to_string())?,
            current: current.ok_or("a family's `current` is not 32 bytes in base64url")?,
            expires_unix_s: self.expires_unix_s,
            revoked: self.revoked,
        })
    }
}
