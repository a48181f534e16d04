use super::environment::{Environment, Reader, Settings};
use super::front::FrontSettings;
use super::homes::HomeTables;
use super::keys::KeysAt;
use super::mistakes::{Mistake, Mistakes};
use super::variables::{HOME, REGION};
use crate::plane::ControlPlane;
use domain::clock::Clock;
use domain::ids::Region;
use std::sync::Arc;
use stores::dynamo::Access;
use stores::system::SystemClock;

/// What `/discovery` and `/usage` are told.
struct LookupSettings {
    front: FrontSettings,
    homes: HomeTables,
    keys: KeysAt,
    region: Region,
}

impl Settings for LookupSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (front, homes, keys) = (FrontSettings::read(from), HomeTables::read(from), KeysAt::read(from));
        let region = from.required(REGION, |text| {
            Region::parse(text).map_err(|_| format!("expected {}", REGION.expected))
        });
        Some(Self { front: front?, homes: homes?, keys: keys?, region: region? })
    }
}

/// Sets up what `/discovery` and `/usage` work on.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn lookups(environment: &Environment) -> Result<ControlPlane, Mistakes> {
    let LookupSettings { front, homes, keys, region } = environment.read()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let access = Access::of_function();
    let tokens = keys.verifier(homes.names(), &access, &clock)?;
    let homes = homes.reach(&access, &clock).map_err(|wrong| Mistake::combination(HOME, wrong))?;
    Ok(ControlPlane {
        front: front.front(&clock)?,
        homes,
        tokens: Arc::new(tokens),
        region,
        issuer: None,
        metering: None,
        operators: None,
    })
}
