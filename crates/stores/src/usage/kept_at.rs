use crate::dynamo::{InvalidTable, TableAt};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where something is kept that a deployment has once: `TABLE[,region=AWS_REGION][,endpoint=URL]` or `file:FOLDER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptAt {
    /// In a DynamoDB table of its own.
    Table(TableAt),
    /// In the files of a folder on this machine.
    Folder(PathBuf),
}

/// Why a text names no such place. Says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeptAt {
    /// It is no table.
    #[error("{0}; or file:FOLDER")]
    Table(#[from] InvalidTable),
    /// It is a folder without a name.
    #[error("expected a folder behind `file:`")]
    Folder,
}

impl KeptAt {
    /// The same place; a table at `endpoint` where it names none.
    ///
    /// # Errors
    /// [`InvalidTable::Endpoint`] where `endpoint` is no `http` or `https` URL of a host.
    pub fn or_endpoint(self, endpoint: &str) -> Result<Self, InvalidTable> {
        match self {
            Self::Table(table) => table.or_endpoint(endpoint).map(Self::Table),
            Self::Folder(folder) => Ok(Self::Folder(folder)),
        }
    }
}

impl FromStr for KeptAt {
    type Err = InvalidKeptAt;

    fn from_str(text: &str) -> Result<Self, InvalidKeptAt> {
        match text.strip_prefix("file:") {
            Some("") => Err(InvalidKeptAt::Folder),
            Some(folder) => Ok(Self::Folder(folder.into())),
            None => Ok(Self::Table(text.parse()?)),
        }
    }
}

/// As it is parsed.
impl fmt::Display for KeptAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => {
                f.write_str(table.name())?;
                table.region().map_or(Ok(()), |region| write!(f, ",region={region}"))?;
                table.endpoint().map_or(Ok(()), |endpoint| write!(f, ",endpoint={endpoint}"))
            }
            Self::Folder(folder) => write!(f, "file:{}", folder.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_table_or_a_folder() {
        let table = |text: &str| KeptAt::Table(text.parse().unwrap());
        let on_dynamo = "usage,region=eu-central-1,endpoint=http://127.0.0.1:8000";
        assert_eq!(on_dynamo.parse(), Ok(table(on_dynamo)));
        assert_eq!(table(on_dynamo).to_string(), on_dynamo);
        let folder = KeptAt::Folder(".wiresocket".into());
        assert_eq!("file:.wiresocket".parse(), Ok(folder.clone()));
        assert_eq!(folder.to_string(), "file:.wiresocket");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| text.parse::<KeptAt>().unwrap_err().to_string();
        assert_eq!(wrong("file:"), "expected a folder behind `file:`");
        for bad in ["", "a b c", "usage,zone=a", "http://a"] {
            assert!(wrong(bad).ends_with("; or file:FOLDER"), "{bad}");
        }
    }

    #[test]
    fn only_a_table_has_an_endpoint() {
        let at = |text: &str| text.parse::<KeptAt>().unwrap();
        assert_eq!(at("usage").or_endpoint("http://h:1"), Ok(at("usage,endpoint=http://h:1")));
        assert_eq!(at("file:d").or_endpoint("http://h:1"), Ok(at("file:d")));
        assert!(at("usage").or_endpoint("h:1").is_err());
    }
}
