//! The regions that clients may be sent to.

use domain::close::name_in_path;
use domain::ids::{DocumentName, Region};
use std::fmt;

/// A region's public WebSocket address: `ws://host`, `wss://host`, either with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionUrl(String);

/// A text is no [`RegionUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a region's URL must be ws://HOST or wss://HOST, with or without a port, and without a path")]
pub struct InvalidRegionUrl;

impl RegionUrl {
    /// Parses a region's URL. A slash at its end is dropped.
    ///
    /// # Errors
    /// [`InvalidRegionUrl`] where the scheme is another one, the host is missing, or anything follows it.
    pub fn parse(text: &str) -> Result<Self, InvalidRegionUrl> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text.strip_prefix("wss://").or_else(|| text.strip_prefix("ws://")).unwrap_or("");
        let is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        if host.is_empty() || !is_plain { Err(InvalidRegionUrl) } else { Ok(Self(text.to_owned())) }
    }

    /// Where a client opens `document`.
    #[must_use]
    pub fn of_document(&self, document: &DocumentName) -> String {
        format!("{}/{}", self.0, name_in_path(document))
    }
}

impl fmt::Display for RegionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Regions and their URLs, in the order in which a client is sent to them where the nearest one has no node.
#[derive(Debug, Clone, Default)]
pub struct RegionTable(Vec<(Region, RegionUrl)>);

impl RegionTable {
    /// A table of these regions, the preferred ones first.
    #[must_use]
    pub fn new(regions: Vec<(Region, RegionUrl)>) -> Self {
        Self(regions)
    }

    /// A region's URL, where it is known.
    #[must_use]
    pub fn url(&self, region: &Region) -> Option<&RegionUrl> {
        self.0.iter().find(|(known, _)| known == region).map(|(_, url)| url)
    }

    /// `nearest`, then every other region.
    pub fn from_nearest<'a>(&'a self, nearest: &'a Region) -> impl Iterator<Item = &'a Region> {
        let others = self.0.iter().map(|(region, _)| region).filter(move |region| *region != nearest);
        std::iter::once(nearest).chain(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_url_is_a_websocket_scheme_and_a_host() {
        for good in ["wss://eu-central-1.example.net", "ws://127.0.0.1:4400", "ws://[::1]:80/"] {
            let url = RegionUrl::parse(good).unwrap().to_string();
            assert_eq!(url, good.trim_end_matches('/'));
        }
        for bad in ["", "wss://", "https://a.example", "wss://a/b", "ws://a?b", "wss://a b", "a.example"] {
            assert_eq!(RegionUrl::parse(bad), Err(InvalidRegionUrl), "{bad}");
        }
    }

    #[test]
    fn the_nearest_region_comes_first_and_once() {
        let region = |name: &str| Region::parse(name).unwrap();
        let url = || RegionUrl::parse("ws://a").unwrap();
        let table = RegionTable::new(vec![(region("b"), url()), (region("a"), url()), (region("c"), url())]);
        let nearest = region("a");
        let order: Vec<&str> = table.from_nearest(&nearest).map(Region::as_str).collect();
        assert_eq!(order, ["a", "b", "c"]);
    }
}
