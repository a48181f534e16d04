use super::environment::{Environment, Reader, Settings};
use super::front::FrontSettings;
use super::homes::HomeTables;
use super::keys::KeysAt;
use super::mistakes::{Mistake, Mistakes};
use super::usage::{usage_at, usage_ports};
use super::variables::{HOME, REGION, USAGE};
use crate::plane::ControlPlane;
use domain::clock::{Clock, Entropy};
use domain::ids::Region;
use domain::metering::Recorder;
use domain::ports::Writer;
use std::sync::Arc;
use stores::dynamo::Access;
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::UsageAt;

/// What `/discovery` and `/usage` are told.
struct LookupSettings {
    front: FrontSettings,
    homes: HomeTables,
    keys: KeysAt,
    region: Region,
    /// Where requests are counted; without it, nowhere.
    usage: Option<UsageAt>,
}

impl Settings for LookupSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (front, homes, keys) = (FrontSettings::read(from), HomeTables::read(from), KeysAt::read(from));
        let region = from.required(REGION, |text| {
            Region::parse(text).map_err(|_| format!("expected {}", REGION.expected))
        });
        let usage = usage_at(from);
        Some(Self { front: front?, homes: homes?, keys: keys?, region: region?, usage: usage? })
    }
}

/// Sets up what `/discovery` and `/usage` work on.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn lookups(environment: &Environment) -> Result<ControlPlane, Mistakes> {
    let LookupSettings { front, homes, keys, region, usage } = environment.read()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let access = Access::of_function();
    let tokens = keys.verifier(homes.names(), &access, &clock)?;
    let homes = homes.reach(&access, &clock).map_err(|wrong| Mistake::combination(HOME, wrong))?;
    let metering = usage.map(|usage| recorder(&usage, &access)).transpose()?;
    if metering.is_none() {
        tracing::info!("nothing is metered: {} is missing", USAGE.name);
    }
    Ok(ControlPlane {
        front: front.front(&clock)?,
        homes,
        tokens: Arc::new(tokens),
        region,
        issuer: None,
        metering,
        operators: None,
    })
}

/// What counts the requests of this process, a writer of its own.
fn recorder(usage: &UsageAt, access: &Access) -> Result<Arc<Recorder>, Mistakes> {
    let log = usage_ports(usage, access)?.log;
    Ok(Arc::new(Recorder::new(Writer(SystemEntropy.next_u64()), log)))
}
