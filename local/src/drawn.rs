//! What is drawn, so that nobody else has it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Entropy;

/// `BYTES` random bytes in base64url.
pub(crate) fn base64url<const BYTES: usize>(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; BYTES];
    bytes.chunks_mut(8).for_each(|chunk| {
        let drawn = entropy.next_u64().to_le_bytes();
        chunk.copy_from_slice(&drawn[..chunk.len()]);
    });
    URL_SAFE_NO_PAD.encode(bytes)
}

/// 64 random bits in hex.
pub(crate) fn hex(entropy: &dyn Entropy) -> String {
    format!("{:016x}", entropy.next_u64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stores::system::SeededEntropy;

    #[test]
    fn what_is_drawn_has_all_its_bits() {
        let entropy = SeededEntropy::new(7);
        let (id, secret) = (base64url::<16>(&entropy), base64url::<32>(&entropy));
        assert_eq!((id.len(), secret.len()), (22, 43));
        assert_ne!(id, base64url::<16>(&entropy));
        assert!(!secret.contains("AAAA"), "{secret}");
        assert_ne!(hex(&entropy), hex(&entropy));
    }
}
