//! Query strings, decoded strictly: what is not UTF-8 is refused here rather than replaced.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The raw value of the first parameter called `name`, as [`form_to_percent`] and a decoder take it.
pub(crate) fn raw_value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| percent_decode_str(key).eq(name.bytes())).map(|(_, value)| value)
}

/// The value of a parameter that may be there once, decoded; a plus is a plus, as it stands in a timestamp's offset.
/// `None` where it is missing.
///
/// # Errors
/// [`InvalidValue`]: it is there twice, or its escapes make no text.
pub(crate) fn single_value<'q>(query: &'q str, name: &str) -> Result<Option<Cow<'q, str>>, InvalidValue> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut values =
        pairs.filter(|(key, _)| percent_decode_str(key).eq(name.bytes())).map(|(_, value)| value);
    let (first, second) = (values.next(), values.next());
    match (first, second) {
        (_, Some(_)) => Err(InvalidValue::Twice),
        (None, None) => Ok(None),
        (Some(value), None) => {
            percent_decode_str(value).decode_utf8().map(Some).map_err(|_| InvalidValue::NoText)
        }
    }
}

/// Why a parameter has no value to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvalidValue {
    /// It is there twice.
    Twice,
    /// It is no UTF-8.
    NoText,
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
    fn a_single_value_is_decoded_once_and_there_once() {
        let value = |query, name| single_value(query, name).map(|value| value.map(Cow::into_owned));
        assert_eq!(
            value("a=1&from=2026-02-25T14:00:00+01:00", "from"),
            Ok(Some("2026-02-25T14:00:00+01:00".into()))
        );
        assert_eq!(value("%66rom=a%2Bb%2525", "from"), Ok(Some("a+b%25".into())));
        assert_eq!(value("from", "from"), Ok(Some(String::new())));
        assert_eq!(value("fromage=1", "from"), Ok(None));
        assert_eq!(value("from=1&from=1", "from"), Err(InvalidValue::Twice));
        assert_eq!(value("from=%ff", "from"), Err(InvalidValue::NoText));
    }

    #[test]
    fn a_plus_is_a_space() {
        assert_eq!(form_to_percent("a+b%2Bc"), "a%20b%2Bc");
    }
}
