//! The parts of lib0's encoding that messages are made of, read without trust and without copying.

use crate::Malformed;

/// The largest integer that lib0 reads: JavaScript's `Number.MAX_SAFE_INTEGER`.
pub(crate) const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Reads bytes from left to right. Whatever a count or a length says, nothing beyond the end is touched.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    /// An unsigned integer of variable length: 7 bits a byte, lowest first, at most 2^53 - 1.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let first = self.u8()?;
        if first < 0x80 { Ok(u64::from(first)) } else { self.long_number(u64::from(first & 0x7f)) }
    }

    fn long_number(&mut self, mut number: u64) -> Result<u64, Malformed> {
        for shift in (7..=49).step_by(7) {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if number <= NUMBER_MAX { Ok(number) } else { Err(Malformed::Number) };
            }
        }
        Err(Malformed::Number)
    }

    /// A signed integer of variable length: 6 bits and a sign, then 7 bits a byte; magnitude at most 2^53 - 1.
    pub(crate) fn skip_signed(&mut self) -> Result<(), Malformed> {
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(());
        }
        let mut magnitude = u64::from(first & 0x3f);
        for shift in (6..=48).step_by(7) {
            let byte = self.u8()?;
            magnitude |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if magnitude <= NUMBER_MAX { Ok(()) } else { Err(Malformed::Number) };
            }
        }
        Err(Malformed::Number)
    }

    /// A number of things that follow, each of at least `bytes_min` bytes. More than fit is a forgery.
    pub(crate) fn count(&mut self, bytes_min: usize) -> Result<usize, Malformed> {
        let count = self.number()?;
        let fits = self.remaining() / bytes_min;
        usize::try_from(count).ok().filter(|count| *count <= fits).ok_or(Malformed::Truncated)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or(Malformed::Truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or(Malformed::Truncated)?;
        self.at = end;
        Ok(taken)
    }

    /// A length and as many bytes.
    pub(crate) fn buffer(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.count(1)?;
        self.take(length)
    }

    /// A length and as many bytes of UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.buffer()?).map_err(|_| Malformed::Utf8)
    }

    /// Says that everything was read.
    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.remaining() == 0 { Ok(()) } else { Err(Malformed::Trailing) }
    }
}

/// Appends an unsigned integer of variable length.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a length and the bytes.
pub(crate) fn put_buffer(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_reach_2_to_the_53_and_no_further() {
        let read = |bytes: &[u8]| Reader::new(bytes).number();
        assert_eq!(read(&[0]), Ok(0));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(NUMBER_MAX));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]), Err(Malformed::Number));
        assert_eq!(read(&[0xff; 11]), Err(Malformed::Number));
        assert_eq!(read(&[0x80]), Err(Malformed::Truncated));
    }

    #[test]
    fn signed_numbers_have_the_same_reach() {
        let skip = |bytes: &[u8]| Reader::new(bytes).skip_signed();
        assert_eq!(skip(&[0x7f]), Ok(()));
        assert_eq!(skip(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]), Ok(()));
        assert_eq!(skip(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]), Err(Malformed::Number));
        assert_eq!(skip(&[0xff; 12]), Err(Malformed::Number));
    }

    #[test]
    fn counts_are_held_to_the_bytes_that_remain() {
        assert_eq!(Reader::new(&[2, 0, 0, 0, 0]).count(2), Ok(2));
        assert_eq!(Reader::new(&[3, 0, 0, 0, 0]).count(2), Err(Malformed::Truncated));
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).buffer(), Err(Malformed::Truncated));
    }

    proptest! {
        #[test]
        fn what_is_put_is_read(number in 0..=NUMBER_MAX, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            put_number(&mut out, number);
            put_buffer(&mut out, &bytes);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.buffer(), Ok(&bytes[..]));
            prop_assert_eq!(reader.finish(), Ok(()));
        }
    }
}
