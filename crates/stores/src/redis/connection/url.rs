use redis::{ConnectionInfo, IntoConnectionInfo};
use std::fmt;
use std::str::FromStr;

/// What the names of all keys begin with where the URL does not say otherwise.
const PREFIX: &str = "ws:";
/// Bytes of a prefix: it stands in every key.
const PREFIX_BYTES_MAX: usize = 64;

/// Where a region's Redis or Valkey is: `redis[s]://[user:password@]host:port[/db][?prefix=NAME:]`. What is not plain in
/// user and password is percent-encoded.
///
/// The names of all keys begin with the prefix, which is `ws:` where none is given. Installations that share a server (or a
/// database of it) need one each, of 1 to 64 characters of `A-Z a-z 0-9 _ - . :`. Else they count their rates together, and
/// take one another's documents of the same name: the owner who has just pinned one is refused as
/// [stale](domain::ports::DocumentsError::Stale) by the generation of the other.
#[derive(Clone)]
pub struct RedisUrl {
    info: ConnectionInfo,
    prefix: String,
    shown: String,
}

/// Why a text does not say where a Redis is. The text itself is not repeated, as it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// It can't be taken apart, or is of another scheme.
    #[error("expected redis://[user:password@]host:port[/db][?prefix=NAME:], or rediss:// for TLS")]
    NotAUrl,
    /// There is nowhere to connect to.
    #[error("a Redis URL needs a host: redis://HOST:6379")]
    NoHost,
    /// What follows the host is no number.
    #[error("after the host comes nothing, or the number of a database, as in redis://host:6379/0")]
    Database,
    /// User or password can't be read.
    #[error("user and password must be percent-encoded where they are not letters, digits or - . _ ~")]
    Credentials,
    /// There is a parameter of another name.
    #[error(
        "a Redis URL takes no parameter but ?prefix=NAME:, with which the names of all keys begin (ws: without it), and no \
         fragment"
    )]
    Parameter,
    /// The prefix would make keys that can't be told apart, or too long.
    #[error("the prefix of keys must be 1 to 64 characters of A-Z a-z 0-9 _ - . : as in ?prefix=staging:")]
    Prefix,
    /// There would be two passwords.
    #[error("the URL of Redis holds a password already: leave one of the two out")]
    PasswordTwice,
}

impl RedisUrl {
    /// The same Redis, known to by `password`, which a URL need not hold.
    ///
    /// # Errors
    /// [`InvalidRedisUrl::PasswordTwice`] where it holds one.
    pub fn with_password(mut self, password: &str) -> Result<Self, InvalidRedisUrl> {
        let settings = self.info.redis_settings().clone();
        if settings.password().is_some() {
            return Err(InvalidRedisUrl::PasswordTwice);
        }
        self.info = self.info.set_redis_settings(settings.set_password(password));
        Ok(self)
    }

    /// What the names of all keys begin with: `ws:`, or what the URL says.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }
}

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut url = redis::parse_redis_url(text).ok_or(InvalidRedisUrl::NotAUrl)?;
        if !matches!(url.scheme(), "redis" | "rediss") {
            return Err(InvalidRedisUrl::NotAUrl);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidRedisUrl::NoHost)?.to_owned();
        let database = database(url.path())?;
        if url.fragment().is_some() {
            return Err(InvalidRedisUrl::Parameter);
        }
        let prefix = prefix(url.query())?;
        let user = Some(url.username()).filter(|user| !user.is_empty());
        let user = user.map(|user| format!("{user}@")).unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let database = database.map(|number| format!("/{number}")).unwrap_or_default();
        let shown = format!("{}://{user}{host}{port}{database}", url.scheme());
        url.set_query(None);
        let info = url.into_connection_info().map_err(|_| InvalidRedisUrl::Credentials)?;
        Ok(Self { info, prefix, shown })
    }
}

fn database(path: &str) -> Result<Option<u32>, InvalidRedisUrl> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| InvalidRedisUrl::Database),
    }
}

fn prefix(query: Option<&str>) -> Result<String, InvalidRedisUrl> {
    let Some(query) = query else { return Ok(PREFIX.to_owned()) };
    let prefix = query.strip_prefix("prefix=").ok_or(InvalidRedisUrl::Parameter)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
    let fits = (1..=PREFIX_BYTES_MAX).contains(&prefix.len());
    if fits && prefix.bytes().all(is_plain) { Ok(prefix.to_owned()) } else { Err(InvalidRedisUrl::Prefix) }
}

/// Without the password.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisUrl").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        let cases = [
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
            ("redis://127.0.0.1:6379/", "redis://127.0.0.1:6379"),
            ("rediss://cache.example.com", "rediss://cache.example.com"),
            ("redis://:s3cret@[::1]:7/3", "redis://[::1]:7/3"),
            ("rediss://sync:s3%23cret@cache:6380/2?prefix=staging:", "rediss://sync@cache:6380/2"),
        ];
        for (text, shown) in cases {
            let url: RedisUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("cret"), "{url:?}");
        }
    }

    #[test]
    fn a_password_may_come_apart_from_the_url_but_not_twice() {
        let with = |text: &str| text.parse::<RedisUrl>().unwrap().with_password("s3:cr@t");
        let url = with("rediss://sync@cache:6380/2").unwrap();
        let settings = url.info().redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("sync"), Some("s3:cr@t")));
        assert_eq!(url.to_string(), "rediss://sync@cache:6380/2");
        assert_eq!(with("redis://:other@cache").unwrap_err(), InvalidRedisUrl::PasswordTwice);
    }

    #[test]
    fn keys_begin_with_ws_or_as_the_url_says() {
        let prefix = |text: &str| text.parse::<RedisUrl>().map(|url| url.prefix().to_owned());
        assert_eq!(prefix("redis://h").as_deref(), Ok("ws:"));
        assert_eq!(prefix("redis://h/1?prefix=staging:").as_deref(), Ok("staging:"));
        for bad in ["", "a{b", "a b", "a&b=c", &"x".repeat(65)] {
            assert_eq!(prefix(&format!("redis://h?prefix={bad}")), Err(InvalidRedisUrl::Prefix), "{bad}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_with_what_would_be_right() {
        let cases = [
            ("", InvalidRedisUrl::NotAUrl),
            ("127.0.0.1:6379", InvalidRedisUrl::NotAUrl),
            ("http://h:6379", InvalidRedisUrl::NotAUrl),
            ("redis+unix:///run/redis.sock", InvalidRedisUrl::NotAUrl),
            ("redis://h:port", InvalidRedisUrl::NotAUrl),
            ("redis:///0", InvalidRedisUrl::NoHost),
            ("redis://h:6379/documents", InvalidRedisUrl::Database),
            ("redis://h:6379/-1", InvalidRedisUrl::Database),
            ("redis://u:%ff@h:6379", InvalidRedisUrl::Credentials),
            ("redis://h:6379?protocol=3", InvalidRedisUrl::Parameter),
            ("rediss://h:6379/#insecure", InvalidRedisUrl::Parameter),
            ("redis://h:6379?Prefix=staging:", InvalidRedisUrl::Parameter),
            ("redis://h:6379?prefix=a:&prefix=b:", InvalidRedisUrl::Prefix),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<RedisUrl>().unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn whoever_errs_is_told_of_the_prefix() {
        for error in [InvalidRedisUrl::NotAUrl, InvalidRedisUrl::Parameter, InvalidRedisUrl::Prefix] {
            assert!(error.to_string().contains("?prefix="), "{error}");
        }
    }
}
