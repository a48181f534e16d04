/// Appends a number in as few bytes as it needs: seven bits a byte, the lowest first, and the highest bit of each but the last.
pub(super) fn write(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front; `None` where there is none, or one of more than 64 bits.
pub(super) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if (bits << shift) >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(number: u64, after: u8) {
            let mut bytes = Vec::new();
            write(number, &mut bytes);
            bytes.push(after);
            let mut rest = &bytes[..];
            prop_assert_eq!((read(&mut rest), rest), (Some(number), &[after][..]));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let too_large = [&[0xff; 9][..], &[0x02]].concat();
        let largest = [&[0xff; 9][..], &[0x01]].concat();
        assert_eq!(read(&mut &largest[..]), Some(u64::MAX));
        for bad in [&[][..], &[0x80], &too_large, &[0x80; 11]] {
            assert_eq!(read(&mut &bad[..]), None, "{bad:?}");
        }
    }
}
