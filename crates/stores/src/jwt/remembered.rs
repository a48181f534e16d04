use super::generations::Generations;
use super::token::UnverifiedToken;
use super::trusted::Voucher;
use aws_lc_rs::digest::{SHA256, digest};
use domain::claims::{Claims, Times};
use domain::ids::HomeRegion;
use domain::token::{Forbidden, TokenRefusal};
use parking_lot::Mutex;
use std::sync::Arc;

/// Bytes of one of the two generations of memories: about ten thousand tokens.
const GENERATION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What one memory takes: its claims, two map slots, and what the allocator adds.
const MEMORY_BYTES: usize = 450;

/// The SHA-256 of a token's text.
pub(super) type TokenDigest = [u8; 32];

/// The digest by which a token is remembered.
pub(super) fn digest_of(jwt: &str) -> TokenDigest {
    let mut bytes = TokenDigest::default();
    bytes.copy_from_slice(digest(&SHA256, jwt.as_bytes()).as_ref());
    bytes
}

/// A token whose signature was found genuine, and what it says.
#[derive(Debug)]
pub(super) struct Genuine {
    voucher: Voucher,
    times: Times,
    reading: Result<Arc<Claims>, TokenRefusal>,
    bytes: usize,
}

impl Genuine {
    /// Reads the claims of a token whose signature was checked by the keys of `voucher`.
    ///
    /// # Errors
    /// [`TokenRefusal::Invalid`] where its times can't be read.
    pub(super) fn read(
        token: &UnverifiedToken<'_>,
        voucher: Voucher,
        now_unix_s: u64,
        known_homes: &[HomeRegion],
    ) -> Result<Self, TokenRefusal> {
        let times = Times::from_payload(&token.payload)?;
        let reading = Claims::from_payload(&token.payload, now_unix_s).and_then(|claims| {
            let known = claims.home.as_ref().is_none_or(|home| known_homes.contains(home));
            if known { Ok(Arc::new(claims)) } else { Err(Forbidden::HomeRegion.into()) }
        });
        // Domains are the only claims whose length nothing but the token's own bounds.
        let has_domains = reading.as_ref().is_ok_and(|claims| !claims.allowed_domains.is_empty());
        let bytes = MEMORY_BYTES + if has_domains { token.message.len() } else { 0 };
        Ok(Self { voucher, times, reading, bytes })
    }

    /// By whose keys it was found genuine.
    pub(super) fn voucher(&self) -> &Voucher {
        &self.voucher
    }

    /// What the token said when it was read.
    pub(super) fn reading(&self) -> Result<Arc<Claims>, TokenRefusal> {
        self.reading.clone()
    }

    /// What the token is worth at this time; `None` where it has to be read again, having been read before
    /// its time.
    pub(super) fn verdict(&self, now_unix_s: u64) -> Option<Result<Arc<Claims>, TokenRefusal>> {
        if let Err(untimely) = self.times.check(now_unix_s) {
            return Some(Err(untimely.into()));
        }
        match &self.reading {
            Err(TokenRefusal::Invalid(_)) => None,
            reading => Some(reading.clone()),
        }
    }
}

/// Genuine tokens of late, so that a storm of reconnects costs a hash each and not a signature.
#[derive(Debug)]
pub(super) struct Remembered {
    generations: Mutex<Generations<TokenDigest, Arc<Genuine>>>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self { generations: Mutex::new(Generations::new(GENERATION_BYTES_MAX)) }
    }
}

impl Remembered {
    pub(super) fn find(&self, digest: &TokenDigest) -> Option<Arc<Genuine>> {
        self.generations.lock().find(digest)
    }

    pub(super) fn insert(&self, digest: TokenDigest, genuine: Arc<Genuine>) {
        let bytes = genuine.bytes;
        self.generations.lock().insert(digest, genuine, bytes);
    }
}
