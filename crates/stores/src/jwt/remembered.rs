use super::token::UnverifiedToken;
use aws_lc_rs::digest::{SHA256, digest};
use domain::claims::{Claims, Times};
use domain::ids::HomeRegion;
use domain::token::{Forbidden, TokenRefusal};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of one of the two generations of memories: about ten thousand tokens.
const GENERATION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What one memory takes: its claims, two map slots, and what the allocator adds.
const MEMORY_BYTES: usize = 400;

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
    times: Times,
    reading: Result<Arc<Claims>, TokenRefusal>,
    bytes: usize,
}

impl Genuine {
    /// Reads the claims of a token whose signature was checked.
    ///
    /// # Errors
    /// [`TokenRefusal::Invalid`] where its times can't be read.
    pub(super) fn read(
        token: &UnverifiedToken<'_>,
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
        Ok(Self { times, reading, bytes })
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
/// Bounded in bytes: when the young generation is full it becomes the old one, and the old one is forgotten.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<TokenDigest, Arc<Genuine>>,
    young_bytes: usize,
    old: HashMap<TokenDigest, Arc<Genuine>>,
}

impl Remembered {
    pub(super) fn find(&self, digest: &TokenDigest) -> Option<Arc<Genuine>> {
        let mut generations = self.generations.lock();
        if let Some(genuine) = generations.young.get(digest) {
            return Some(genuine.clone());
        }
        let genuine = generations.old.remove(digest)?;
        generations.insert(*digest, genuine.clone());
        Some(genuine)
    }

    pub(super) fn insert(&self, digest: TokenDigest, genuine: Arc<Genuine>) {
        self.generations.lock().insert(digest, genuine);
    }
}

impl Generations {
    fn insert(&mut self, digest: TokenDigest, genuine: Arc<Genuine>) {
        if self.young_bytes + genuine.bytes > GENERATION_BYTES_MAX {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += genuine.bytes;
        if let Some(replaced) = self.young.insert(digest, genuine) {
            self.young_bytes -= replaced.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::token::InvalidToken;

    fn genuine() -> Arc<Genuine> {
        let times = Times { expires_unix_s: 9, begins_unix_s: 0 };
        Arc::new(Genuine { times, reading: Err(InvalidToken::Expired.into()), bytes: MEMORY_BYTES })
    }

    #[test]
    fn memories_are_bounded_and_those_in_use_stay() {
        let remembered = Remembered::default();
        let used = digest_of("in use");
        remembered.insert(used, genuine());
        for n in 0..100_000 {
            remembered.insert(digest_of(&n.to_string()), genuine());
            assert!(n % 1_000 != 0 || remembered.find(&used).is_some());
        }
        let generations = remembered.generations.lock();
        let most = GENERATION_BYTES_MAX / MEMORY_BYTES;
        assert!(generations.young.len() <= most && generations.old.len() <= most);
        assert_eq!(generations.young_bytes, generations.young.len() * MEMORY_BYTES);
    }
}
