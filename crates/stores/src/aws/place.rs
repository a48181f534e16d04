/// Where a service of Amazon's is asked: `[,region=REGION][,endpoint=URL]` after the name of what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
}

/// Why settings name no place, with the setting or its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InvalidPlace {
    /// It is neither a region nor an endpoint, or is there twice.
    Setting(String),
    /// It is no region.
    Region(String),
    /// It is no endpoint.
    Endpoint(String),
}

impl Place {
    /// Reads settings, each as `NAME=VALUE`.
    pub(crate) fn parse<'a>(settings: impl Iterator<Item = &'a str>) -> Result<Self, InvalidPlace> {
        let mut place = Self::default();
        for setting in settings {
            match setting.split_once('=') {
                Some(("region", region)) if place.region.is_none() => {
                    place.region = Some(checked_region(region)?);
                }
                Some(("endpoint", endpoint)) if place.endpoint.is_none() => {
                    place.endpoint = Some(checked_endpoint(endpoint)?);
                }
                _ => return Err(InvalidPlace::Setting(setting.to_owned())),
            }
        }
        Ok(place)
    }
}

fn checked_region(region: &str) -> Result<String, InvalidPlace> {
    let fits = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| region.to_owned()).ok_or_else(|| InvalidPlace::Region(region.to_owned()))
}

/// `http` or `https`, and a host, which may have a port.
pub(crate) fn checked_endpoint(endpoint: &str) -> Result<String, InvalidPlace> {
    let host = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"));
    let host = host.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let fits = host.is_some_and(|host| {
        !host.is_empty()
            && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#@,".contains(c))
    });
    fits.then(|| endpoint.to_owned()).ok_or_else(|| InvalidPlace::Endpoint(endpoint.to_owned()))
}
