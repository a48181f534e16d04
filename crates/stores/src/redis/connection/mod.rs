//! The client of one region's Redis or Valkey: one connection a lane, deadlines, and what happens when the server is
//! away or is another one.

mod failure;
mod lane;
mod link;
mod masters;
mod script;
mod target;
mod url;

pub(crate) use lane::Lane;
pub(crate) use script::Script;
pub use target::InvalidCa;
pub use url::{InvalidRedisUrl, RedisUrl};

use domain::ports::Unavailable;
use failure::{Failure, lacks_script};
use link::Link;
use masters::Masters;
use redis::{Cmd, FromRedisValue, ToRedisArgs, Value};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use target::Target;

/// How often whoever waits for an interruption looks for one, beside at each new connection.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long such a look may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(2);

/// The Redis or Valkey of one region: one server behind a name, or a cluster, which it finds out itself. Clones share
/// their connections.
///
/// Calls of one lane that are under way at once are written together. A call whose answer does not come in time is
/// [`Unavailable`], and whether it took effect is unknown. While there is no connection, calls fail at once, and one
/// attempt at a time goes on in the background; a name is looked up again at each.
#[derive(Clone)]
pub struct Redis {
    url: RedisUrl,
    rates: Arc<Link>,
    appends: Arc<Link>,
    bulk: Arc<Link>,
    masters: Arc<Masters>,
}

impl Redis {
    /// The Redis at `url`, known by the certificates of `ca_pem`, or by the machine's. It is first connected to when
    /// it is first asked.
    ///
    /// # Errors
    /// [`InvalidCa`].
    pub fn new(url: &RedisUrl, ca_pem: Option<Vec<u8>>) -> Result<Self, InvalidCa> {
        let target = Arc::new(Target::new(url, ca_pem)?);
        let masters = Arc::new(Masters::default());
        let link = |lane| Link::new(lane, target.clone(), masters.clone());
        Ok(Self {
            url: url.clone(),
            rates: link(Lane::Rates),
            appends: link(Lane::Appends),
            bulk: link(Lane::Bulk),
            masters,
        })
    }

    /// Connects every lane, so that the first calls find it done.
    ///
    /// # Errors
    /// [`Unavailable`], with the reason, where that fails or takes longer than `within`. It goes on all the same.
    pub async fn connect(&self, within: Duration) -> Result<(), Unavailable> {
        let connected = |lane| self.in_time(lane, within, self.link(lane).connected());
        tokio::try_join!(connected(Lane::Rates), connected(Lane::Appends), connected(Lane::Bulk))?;
        Ok(())
    }

    /// Waits until the servers may have lost something: they were restarted, or others have taken over. What happened
    /// while nobody waited is told to the next who does.
    pub async fn interrupted(&self) {
        let mut changes = self.masters.watch();
        if self.masters.tell() {
            return;
        }
        loop {
            tokio::select! {
                _ = changes.changed() => break,
                () = tokio::time::sleep(LOOK_EVERY) => {
                    // Where it fails, the next connection or the next look tells.
                    let _ = tokio::time::timeout(LOOK_DEADLINE, self.appends.look()).await;
                }
            }
        }
        self.masters.tell();
    }

    /// The full name of a key. What keys share a slot of a cluster by stands in `{}`.
    pub(crate) fn key(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}{name}", self.url.prefix())
    }

    /// Sends one command of one key, and returns its answer.
    pub(crate) async fn call(
        &self,
        lane: Lane,
        within: Duration,
        command: &Cmd,
    ) -> Result<Value, Unavailable> {
        self.in_time(lane, within, self.link(lane).ask(command)).await
    }

    /// Runs a script on one key, or on several that share a slot, and reads its answer.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        lane: Lane,
        within: Duration,
        script: &Script,
        keys: impl ToRedisArgs + Sync,
        args: impl ToRedisArgs + Sync,
    ) -> Result<T, Unavailable> {
        let answer = async {
            match self.link(lane).ask(&script.by_digest(&keys, &args)).await {
                Err(failure) if lacks_script(&failure) => {
                    self.link(lane).ask(&script.by_text(&keys, &args)).await
                }
                answer => answer,
            }
        };
        let answer = self.in_time(lane, within, answer).await?;
        redis::from_redis_value(answer)
            .map_err(|error| Unavailable::new(lane.store(), format_args!("redis answers otherwise: {error}")))
    }

    fn link(&self, lane: Lane) -> &Arc<Link> {
        match lane {
            Lane::Rates => &self.rates,
            Lane::Appends => &self.appends,
            Lane::Bulk => &self.bulk,
        }
    }

    async fn in_time<T>(
        &self,
        lane: Lane,
        within: Duration,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Unavailable> {
        let answer = tokio::time::timeout(within, answer).await;
        let answer = answer.unwrap_or(Err(Failure::Late(within)));
        answer.map_err(|failure| Unavailable::new(lane.store(), format_args!("{}: {failure}", self.url)))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.url).finish()
    }
}
