use crate::aws::{InvalidPlace, Place, checked_endpoint};
use std::str::FromStr;

/// Characters of a table's name, as Amazon allows them.
const NAME_LENGTH: std::ops::RangeInclusive<usize> = 3..=255;

/// Which table a home region or the registry is: `TABLE[,region=REGION][,endpoint=URL]`.
///
/// Without a region, that of the environment is meant (`AWS_REGION`); without an endpoint, Amazon's of that region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAt {
    name: String,
    place: Place,
}

/// Why a text names no table. Says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTable {
    /// The table's name.
    #[error("`{0}` is no table name: it must be 3 to 255 characters of A-Z a-z 0-9 _ - .")]
    Name(String),
    /// What follows the name.
    #[error(
        "`{0}` is no setting of a table: after its name come `region=REGION` and `endpoint=URL`, each at most once"
    )]
    Setting(String),
    /// The region.
    #[error("`{0}` is no AWS region: it must be letters, digits and hyphens, such as eu-central-1")]
    Region(String),
    /// The endpoint.
    #[error("`{0}` is no endpoint: it must be http://HOST[:PORT] or https://HOST[:PORT]")]
    Endpoint(String),
}

impl TableAt {
    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The AWS region that it names.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.place.region.as_deref()
    }

    /// The URL that it names.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.place.endpoint.as_deref()
    }

    /// The same table, at `endpoint` where it names none.
    ///
    /// # Errors
    /// [`InvalidTable::Endpoint`] where `endpoint` is no `http` or `https` URL of a host.
    pub fn or_endpoint(mut self, endpoint: &str) -> Result<Self, InvalidTable> {
        let endpoint = checked_endpoint(endpoint)?;
        self.place.endpoint.get_or_insert(endpoint);
        Ok(self)
    }
}

impl FromStr for TableAt {
    type Err = InvalidTable;

    fn from_str(text: &str) -> Result<Self, InvalidTable> {
        let mut parts = text.split(',');
        let name = parts.next().filter(|name| is_table_name(name));
        let name = name.ok_or_else(|| InvalidTable::Name(text.split(',').take(1).collect()))?;
        Ok(Self { name: name.to_owned(), place: Place::parse(parts)? })
    }
}

impl From<InvalidPlace> for InvalidTable {
    fn from(invalid: InvalidPlace) -> Self {
        match invalid {
            InvalidPlace::Setting(setting) => Self::Setting(setting),
            InvalidPlace::Region(region) => Self::Region(region),
            InvalidPlace::Endpoint(endpoint) => Self::Endpoint(endpoint),
        }
    }
}

fn is_table_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    NAME_LENGTH.contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_with_and_without_its_settings() {
        let table: TableAt = "wiresocket-eu".parse().unwrap();
        assert_eq!((table.name(), table.region(), table.endpoint()), ("wiresocket-eu", None, None));
        let table: TableAt = "t.1,endpoint=http://127.0.0.1:8000,region=eu-central-1".parse().unwrap();
        assert_eq!(table.region(), Some("eu-central-1"));
        assert_eq!(table.endpoint(), Some("http://127.0.0.1:8000"));
    }

    #[test]
    fn a_tables_own_endpoint_goes_before_the_one_for_all() {
        let own: TableAt = "one,endpoint=https://[::1]:8000/".parse().unwrap();
        assert_eq!(own.or_endpoint("http://all:1").unwrap().endpoint(), Some("https://[::1]:8000/"));
        let none: TableAt = "two".parse().unwrap();
        assert_eq!(none.clone().or_endpoint("http://all:1").unwrap().endpoint(), Some("http://all:1"));
        assert!(none.or_endpoint("all:1").is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let setting = |text: &str| InvalidTable::Setting(text.to_owned());
        let endpoint = |text: &str| InvalidTable::Endpoint(text.to_owned());
        let cases = [
            ("", InvalidTable::Name(String::new())),
            ("ab", InvalidTable::Name("ab".to_owned())),
            ("a b c,region=r", InvalidTable::Name("a b c".to_owned())),
            ("one,", setting("")),
            ("one,regional=r", setting("regional=r")),
            ("one,region=a,region=b", setting("region=b")),
            ("one,region=", InvalidTable::Region(String::new())),
            ("one,region=eu central", InvalidTable::Region("eu central".to_owned())),
            ("one,endpoint=127.0.0.1:8000", endpoint("127.0.0.1:8000")),
            ("one,endpoint=ftp://host", endpoint("ftp://host")),
            ("one,endpoint=http://", endpoint("http://")),
            ("one,endpoint=http://host/path", endpoint("http://host/path")),
            ("one,endpoint=http://user@host", endpoint("http://user@host")),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<TableAt>(), Err(expected), "{text:?}");
        }
        assert!("t".repeat(255).parse::<TableAt>().is_ok());
        assert!("t".repeat(256).parse::<TableAt>().is_err());
    }
}
