use super::environment::{Environment, Reader, Settings};
use super::homes::HomeTables;
use super::mistakes::{Mistake, Mistakes};
use super::variables::{HOME, METRICS};
use crate::metrics::MetricsNamespace;
use crate::sweep::Sweep;
use domain::clock::Clock;
use std::sync::Arc;
use stores::dynamo::Access;
use stores::system::{SystemClock, SystemEntropy};

/// What a sweep is told.
struct SweepSettings {
    homes: HomeTables,
    namespace: MetricsNamespace,
}

impl Settings for SweepSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (homes, namespace) = (HomeTables::read(from), from.optional(METRICS, MetricsNamespace::parse));
        Some(Self { homes: homes?, namespace: namespace?.unwrap_or_default() })
    }
}

/// Sets up what a sweep works on, and where its metrics go.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn sweep(environment: &Environment) -> Result<(Sweep, MetricsNamespace), Mistakes> {
    let SweepSettings { homes, namespace } = environment.read()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let homes =
        homes.reach(&Access::of_function(), &clock).map_err(|wrong| Mistake::combination(HOME, wrong))?;
    Ok((Sweep::new(homes, clock, Arc::new(SystemEntropy)), namespace))
}
