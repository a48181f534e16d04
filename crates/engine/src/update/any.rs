//! lib0's `Any` values, checked without recursion and without building them.

use crate::Malformed;
use crate::lib0::Reader;

/// A container whose elements are being read.
struct Open {
    left: usize,
    keyed: bool,
}

/// Reads one value of at most `nesting_max` levels. Returns how many values it is made of.
pub(crate) fn skip(reader: &mut Reader<'_>, nesting_max: usize) -> Result<usize, Malformed> {
    // A scalar, which most values are, allocates nothing.
    let mut open: Vec<Open> = Vec::new();
    let mut values = 0;
    loop {
        values += 1;
        if let Some(container) = container(reader)? {
            if open.len() == nesting_max {
                return Err(Malformed::TooDeep);
            }
            open.push(container);
        }
        while open.last().is_some_and(|container| container.left == 0) {
            open.pop();
        }
        let Some(container) = open.last_mut() else { return Ok(values) };
        container.left -= 1;
        if container.keyed {
            reader.text()?;
        }
    }
}

/// Reads a scalar, or the head of a container.
fn container(reader: &mut Reader<'_>) -> Result<Option<Open>, Malformed> {
    match reader.u8()? {
        // undefined, null, false, true
        127 | 126 | 121 | 120 => {}
        125 => reader.skip_signed()?,
        124 => drop(reader.take(4)?),
        // a 64 bit float, a 64 bit integer
        123 | 122 => drop(reader.take(8)?),
        119 => drop(reader.text()?),
        118 => return Ok(Some(Open { left: reader.count(2)?, keyed: true })),
        117 => return Ok(Some(Open { left: reader.count(1)?, keyed: false })),
        116 => drop(reader.buffer()?),
        _ => return Err(Malformed::UnknownKind("value")),
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(bytes: &[u8]) -> Result<usize, Malformed> {
        let mut reader = Reader::new(bytes);
        let values = skip(&mut reader, 64)?;
        reader.finish().map(|()| values)
    }

    #[test]
    fn every_kind_of_value_is_read() {
        // [undefined, -1, {"a": 1.5f32, "b": "x"}, bytes 7, true, 1.0f64]
        let value = [
            117, 6, 127, 125, 0x41, 118, 2, 1, b'a', 124, 0x3f, 0xc0, 0, 0, 1, b'b', 119, 1, b'x', 116, 1, 7,
            120, 123, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(skipped(&value), Ok(9));
        for end in 0..value.len() {
            assert_eq!(skipped(&value[..end]), Err(Malformed::Truncated), "{end}");
        }
        assert_eq!(skipped(&[115]), Err(Malformed::UnknownKind("value")));
        assert_eq!(skipped(&[119, 1, 0xff]), Err(Malformed::Utf8));
    }

    #[test]
    fn sixty_four_levels_are_taken_and_one_more_is_not() {
        let arrays = |levels: usize| [[117, 1].repeat(levels - 1), vec![117, 0]].concat();
        let maps = |levels: usize| [[118, 1, 0].repeat(levels - 1), vec![118, 0]].concat();
        assert_eq!(skipped(&arrays(64)), Ok(64));
        assert_eq!(skipped(&maps(64)), Ok(64));
        assert_eq!(skipped(&arrays(65)), Err(Malformed::TooDeep));
        assert_eq!(skipped(&maps(100_000)), Err(Malformed::TooDeep));
    }

    #[test]
    fn forged_counts_are_refused() {
        for kind in [116, 117, 118, 119] {
            assert_eq!(skipped(&[kind, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(Malformed::Truncated));
            assert_eq!(
                skipped(&[kind, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
                Err(Malformed::Number)
            );
        }
    }
}
