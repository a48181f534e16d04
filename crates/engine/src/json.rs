//! JSON texts, checked without building what they say.

use crate::Malformed;
use serde::de::IgnoredAny;

/// Checks that `text` is one JSON value of at most `nesting_max` levels.
pub(crate) fn check(text: &str, nesting_max: usize) -> Result<(), Malformed> {
    if nesting(text.as_bytes()) > nesting_max {
        return Err(Malformed::TooDeep);
    }
    serde_json::from_str::<IgnoredAny>(text).map(|_| ()).map_err(|_| Malformed::Json)
}

/// The deepest level of brackets outside of strings. For a text that is no JSON, any number.
fn nesting(text: &[u8]) -> usize {
    let (mut level, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                level += 1;
                deepest = deepest.max(level);
            }
            b']' | b'}' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_what_is_not() {
        for good in ["null", "{}", r#"{"a":[1,2.5e3,"\ud83d",true]}"#, "\"[[[[[\"", " 1 "] {
            assert_eq!(check(good, 2), Ok(()), "{good}");
        }
        for bad in ["", "nul", "{", "[1,]", "1 2", "'a'", "undefined", "\"\\x\""] {
            assert_eq!(check(bad, 2), Err(Malformed::Json), "{bad}");
        }
    }

    #[test]
    fn nesting_is_counted_outside_of_strings() {
        assert_eq!(check(r#"[{"[\"[[":"]"}]"#, 2), Ok(()));
        assert_eq!(check("[[[]]]", 2), Err(Malformed::TooDeep));
        assert_eq!(check(&"[".repeat(100_000), 64), Err(Malformed::TooDeep));
    }
}
