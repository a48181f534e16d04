use crate::failure::Failure;
use crate::house::{House, run};
use crate::steps::{SYNCD_VARIABLE, release};
use std::num::NonZeroU64;

/// How long chaos rules, and from what seed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Chaos {
    /// For how many minutes nodes fail
    #[arg(long, value_name = "N", default_value = "10")]
    minutes: NonZeroU64,
    /// Where chance begins; without it a new seed is drawn and printed
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

impl Chaos {
    /// Builds the sync node in release and lets the chaos test run for as long as asked.
    pub(crate) fn run(self, house: &House) -> Result<(), Failure> {
        release(house, &["syncd"])?;
        let mut test =
            house.cargo(&["test", "--package", "house-tests", "--test", "chaos", "--", "--nocapture"]);
        test.env(SYNCD_VARIABLE, house.built("release/syncd"));
        test.env("WIRESOCKET_CHAOS_SECONDS", (self.minutes.get().saturating_mul(60)).to_string());
        if let Some(seed) = self.seed {
            test.env("WIRESOCKET_CHAOS_SEED", seed.to_string());
        }
        run(&mut test)
    }
}
