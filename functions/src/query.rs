//! Query strings, decoded strictly: what is not UTF-8 is refused here rather than replaced.

use percent_encoding::percent_decode_str;

/// The raw value of the first parameter called `name`, as [`form_to_percent`] and a decoder take it.
pub(crate) fn raw_value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| percent_decode_str(key).eq(name.bytes())).map(|(_, value)| value)
}

/// A form's `+` is a space (as `URLSearchParams` writes it); a path's is a plus. Turns the one spelling into
/// the other.
pub(crate) fn form_to_percent(raw: &str) -> String {
    raw.replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_parameter_of_a_name_counts() {
        assert_eq!(raw_value("a=1&b=2&b=3", "b"), Some("2"));
        assert_eq!(raw_value("a=1&%62=x=y", "b"), Some("x=y"));
        assert_eq!(raw_value("b", "b"), Some(""));
        assert_eq!(raw_value("bb=1", "b"), None);
        assert_eq!(raw_value("", "b"), None);
    }

    #[test]
    fn a_plus_is_a_space() {
        assert_eq!(form_to_percent("a+b%2Bc"), "a%20b%2Bc");
    }
}
