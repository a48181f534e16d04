use super::environment::Environment;
use super::homes::HomeTables;
use super::mistakes::{Mistake, Mistakes};
use super::variables::HOME;
use crate::sweep::Sweep;
use domain::clock::Clock;
use std::sync::Arc;
use stores::dynamo::Access;
use stores::system::{SystemClock, SystemEntropy};

/// Sets up what a sweep works on.
///
/// # Errors
/// Everything that is wrong with the environment.
pub fn sweep(environment: &Environment) -> Result<Sweep, Mistakes> {
    let homes = environment.read::<HomeTables>()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let homes =
        homes.reach(&Access::of_function(), &clock).map_err(|wrong| Mistake::combination(HOME, wrong))?;
    Ok(Sweep::new(homes, clock, Arc::new(SystemEntropy)))
}
