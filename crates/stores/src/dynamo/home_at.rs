use super::table_at::TableAt;
use domain::ids::HomeRegion;
use std::str::FromStr;

/// A home region and its table, as `--home` says it: `NAME=TABLE[,region=AWS_REGION][,endpoint=URL]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeAt {
    /// What tokens call it in `dbCode`.
    pub name: HomeRegion,
    /// Where it is.
    pub table: TableAt,
}

impl FromStr for HomeAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected NAME=TABLE, such as aws-eu-central-1=wiresocket";
        let (name, table) = text.split_once('=').ok_or(wrong)?;
        let name = HomeRegion::parse(name).map_err(|error| format!("`{name}`: {error}; {wrong}"))?;
        Ok(Self { name, table: table.parse().map_err(|error| format!("{error}"))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_a_name_and_a_table() {
        let home: HomeAt = "aws-eu-central-1=wiresocket,region=eu-central-1".parse().unwrap();
        assert_eq!(home.name.as_str(), "aws-eu-central-1");
        assert_eq!((home.table.name(), home.table.region()), ("wiresocket", Some("eu-central-1")));
        for bad in ["", "wiresocket", "=wiresocket", "a b=wiresocket", "eu=", "eu=wiresocket,zone=a"] {
            assert!(bad.parse::<HomeAt>().is_err(), "{bad}");
        }
    }
}
