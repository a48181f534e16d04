use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Bytes of a prefix: with the longest ids and name the key stays within the 1,024 bytes of S3.
const PREFIX_BYTES_MAX: usize = 200;
/// Lengths of a bucket's name (S3).
const BUCKET_LENGTH: std::ops::RangeInclusive<usize> = 3..=63;

/// Where an archive is: `s3://BUCKET[/PREFIX][?region=REGION][&endpoint=URL]`, or `file:///FOLDER`.
///
/// The endpoint is that of a store with S3's API, `https://` or `http://`. What is not said is read where Amazon's
/// tools read it: `AWS_REGION`, `AWS_ENDPOINT_URL_S3`. A folder's name may have percent-escapes, as in any URL. It must be
/// on a file system that tells `Acme` from `acme`: where one does not, such tenants, apps and documents share their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveUrl(pub(super) Place);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Bucket(Bucket),
    Folder(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) name: String,
    /// Without slashes at its ends; may be empty.
    pub(super) prefix: String,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
}

/// Why a text names no archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArchiveUrl {
    /// It is of no kind that is known.
    #[error("expected s3://BUCKET/PREFIX or file:///FOLDER")]
    Kind,
    /// No bucket has this name.
    #[error("`{0}` names no bucket: expected 3 to 63 lower-case letters, digits, dots and hyphens")]
    Bucket(String),
    /// The prefix can't begin keys.
    #[error(
        "`{0}` can't be a prefix: expected at most {PREFIX_BYTES_MAX} letters, digits and !-_.'(), in parts with single \
         slashes between, none of them . or .."
    )]
    Prefix(String),
    /// What follows the question mark is not known, or is given twice.
    #[error("`{0}` is no setting: expected region=REGION or endpoint=URL, each once, with & between")]
    Setting(String),
    /// No region has this name.
    #[error("`{0}` names no AWS region: expected one such as eu-central-1")]
    Region(String),
    /// Nothing can be reached there.
    #[error("`{0}` is no endpoint: expected http:// or https://, a host, and perhaps a port")]
    Endpoint(String),
    /// It is no folder's absolute name.
    #[error("`{0}` names no folder: expected an absolute path, such as file:///var/lib/wiresocket/archive")]
    Folder(String),
}

impl FromStr for ArchiveUrl {
    type Err = InvalidArchiveUrl;

    fn from_str(text: &str) -> Result<Self, InvalidArchiveUrl> {
        match text.split_once("://") {
            Some(("s3", rest)) => Ok(Self(Place::Bucket(bucket(rest)?))),
            Some(("file", path)) => Ok(Self(Place::Folder(folder(path)?))),
            _ => Err(InvalidArchiveUrl::Kind),
        }
    }
}

impl fmt::Display for ArchiveUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Folder(path) => write!(f, "file://{}", path.display()),
            Place::Bucket(bucket) if bucket.prefix.is_empty() => write!(f, "s3://{}", bucket.name),
            Place::Bucket(bucket) => write!(f, "s3://{}/{}", bucket.name, bucket.prefix),
        }
    }
}

fn bucket(text: &str) -> Result<Bucket, InvalidArchiveUrl> {
    let (place, settings) = text.split_once('?').map_or((text, None), |(place, rest)| (place, Some(rest)));
    let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
    if !is_bucket_name(name) {
        return Err(InvalidArchiveUrl::Bucket(name.to_owned()));
    }
    let mut bucket =
        Bucket { name: name.to_owned(), prefix: checked_prefix(prefix)?, region: None, endpoint: None };
    for setting in settings.into_iter().flat_map(|settings| settings.split('&')) {
        match setting.split_once('=') {
            Some(("region", region)) if bucket.region.is_none() => {
                bucket.region = Some(checked_region(region)?);
            }
            Some(("endpoint", endpoint)) if bucket.endpoint.is_none() => {
                bucket.endpoint = Some(checked_endpoint(endpoint)?);
            }
            _ => return Err(InvalidArchiveUrl::Setting(setting.to_owned())),
        }
    }
    Ok(bucket)
}

fn is_bucket_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
    BUCKET_LENGTH.contains(&name.len()) && name.bytes().all(fits)
}

/// Of characters that S3 calls safe, so that they mean the same in a URL, a key and a shell.
fn checked_prefix(prefix: &str) -> Result<String, InvalidArchiveUrl> {
    let inner = prefix.strip_suffix('/').unwrap_or(prefix);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"!-_.'()".contains(&b);
    let part_fits = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(fits);
    let prefix_fits = inner.len() <= PREFIX_BYTES_MAX && inner.split('/').all(part_fits);
    if prefix.is_empty() || prefix_fits {
        Ok(inner.to_owned())
    } else {
        Err(InvalidArchiveUrl::Prefix(prefix.to_owned()))
    }
}

fn checked_region(region: &str) -> Result<String, InvalidArchiveUrl> {
    let fits = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| region.to_owned()).ok_or_else(|| InvalidArchiveUrl::Region(region.to_owned()))
}

fn checked_endpoint(endpoint: &str) -> Result<String, InvalidArchiveUrl> {
    let host = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"));
    let host = host.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let fits = host.is_some_and(|host| {
        !host.is_empty()
            && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#@".contains(c))
    });
    let bare = endpoint.strip_suffix('/').unwrap_or(endpoint);
    fits.then(|| bare.to_owned()).ok_or_else(|| InvalidArchiveUrl::Endpoint(endpoint.to_owned()))
}

fn folder(text: &str) -> Result<PathBuf, InvalidArchiveUrl> {
    let refused = || InvalidArchiveUrl::Folder(text.to_owned());
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| refused())?;
    let path = Path::new(decoded.as_ref());
    let fits = path.is_absolute() && !decoded.contains(char::is_control) && !text.contains(['?', '#']);
    if fits { Ok(path.to_owned()) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket_of(text: &str) -> Bucket {
        match text.parse::<ArchiveUrl>().unwrap().0 {
            Place::Bucket(bucket) => bucket,
            Place::Folder(path) => panic!("{path:?}"),
        }
    }

    #[test]
    fn a_bucket_is_read_with_and_without_what_may_follow() {
        let bucket = bucket_of("s3://documents.example");
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("documents.example", ""));
        assert_eq!((bucket.region, bucket.endpoint), (None, None));
        let bucket = bucket_of("s3://abc/eu/live/?endpoint=http://127.0.0.1:9000/&region=eu-central-1");
        assert_eq!(bucket.prefix, "eu/live");
        assert_eq!(bucket.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(bucket.region.as_deref(), Some("eu-central-1"));
    }

    #[test]
    fn a_folder_is_an_absolute_path() {
        let url: ArchiveUrl = "file:///var/an%20archive".parse().unwrap();
        assert_eq!(url.0, Place::Folder("/var/an archive".into()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        use InvalidArchiveUrl::*;
        let prefix = |text: &str| Prefix(text.to_owned());
        let folder = |text: &str| Folder(text.to_owned());
        let cases = [
            ("", Kind),
            ("/var/archive", Kind),
            ("S3://abc", Kind),
            ("s3:/abc", Kind),
            ("s3://", Bucket(String::new())),
            ("s3://ab/x", Bucket("ab".to_owned())),
            ("s3://Documents", Bucket("Documents".to_owned())),
            ("s3://abc/a//b", prefix("a//b")),
            ("s3://abc//", prefix("/")),
            ("s3://abc/a/../b", prefix("a/../b")),
            ("s3://abc/a b", prefix("a b")),
            ("s3://abc/a%20b", prefix("a%20b")),
            ("s3://abc/?", Setting(String::new())),
            ("s3://abc?zone=a", Setting("zone=a".to_owned())),
            ("s3://abc?region=a&region=b", Setting("region=b".to_owned())),
            ("s3://abc?region=", Region(String::new())),
            ("s3://abc?endpoint=127.0.0.1:9000", Endpoint("127.0.0.1:9000".to_owned())),
            ("s3://abc?endpoint=http://user@host", Endpoint("http://user@host".to_owned())),
            ("file://", folder("")),
            ("file://archive", folder("archive")),
            ("file:///a?b", folder("/a?b")),
            ("file:///a%ff", folder("/a%ff")),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<ArchiveUrl>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_prefix_takes_200_bytes_and_not_201() {
        assert!(format!("s3://abc/{}", "p".repeat(200)).parse::<ArchiveUrl>().is_ok());
        assert!(format!("s3://abc/{}", "p".repeat(201)).parse::<ArchiveUrl>().is_err());
    }

    #[test]
    fn a_url_is_shown_without_its_settings() {
        for (text, shown) in
            [("s3://abc/x?region=r", "s3://abc/x"), ("s3://abc", "s3://abc"), ("file:///a/b", "file:///a/b")]
        {
            assert_eq!(text.parse::<ArchiveUrl>().unwrap().to_string(), shown);
        }
    }
}
