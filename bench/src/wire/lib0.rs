//! lib0's variable-length encoding, as Yjs and y-protocols write it (version 1).

/// Appends a variable-length unsigned integer: 7 bits a byte, least significant first.
pub(crate) fn put_uint(out: &mut Vec<u8>, mut n: u64) {
    while n > 0x7f {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a length and that many bytes. A string is its UTF-8.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Takes an unsigned integer off the front; `None` where the input ends or the number has more than 64 bits.
pub(crate) fn take_uint(input: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(n);
        }
    }
    None
}

/// Takes a length and that many bytes off the front.
pub(crate) fn take_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_uint(input)?).ok()?;
    let (bytes, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(bytes)
}

/// Takes one byte off the front.
pub(crate) fn take_byte(input: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = input.split_first()?;
    *input = rest;
    Some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_taken(n in any::<u64>(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            put_uint(&mut out, n);
            put_bytes(&mut out, &bytes);
            let mut input = &out[..];
            prop_assert_eq!(take_uint(&mut input), Some(n));
            prop_assert_eq!(take_bytes(&mut input), Some(&bytes[..]));
            prop_assert!(input.is_empty());
        }
    }

    #[test]
    fn a_cut_number_is_none() {
        assert_eq!(take_uint(&mut &[0x80][..]), None);
        assert_eq!(take_uint(&mut &[0xff; 11][..]), None);
        assert_eq!(take_bytes(&mut &[3, 1, 2][..]), None);
    }
}
