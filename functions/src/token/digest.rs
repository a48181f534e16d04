use aws_lc_rs::digest::{SHA256, digest};
use domain::clock::Entropy;
use domain::registry::Digest;

/// What the secret of a refresh token is known by.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut sha256 = Digest::default();
    sha256.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sha256
}

/// Text of `WORDS` times 64 random bits, in hex.
pub(crate) fn drawn<const WORDS: usize>(entropy: &dyn Entropy) -> String {
    (0..WORDS).map(|_| format!("{:016x}", entropy.next_u64())).collect()
}
