use domain::ids::AppKey;

/// How often each app is looked at for what is to be told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Looks {
    /// By every run.
    #[default]
    EachRun,
    /// By the run of one minute in five, which is the app's own, and by a process's first run: runs of each minute look at a
    /// fifth of the apps each. Needs no memory, so processes that take turns agree.
    EachFiveMinutes,
}

impl Looks {
    /// Whether a run of this moment looks at the app.
    pub(super) fn are_due(self, app: &AppKey, now_unix_s: u64) -> bool {
        match self {
            Self::EachRun => true,
            Self::EachFiveMinutes => (now_unix_s / 60).wrapping_add(stable_hash(app)).is_multiple_of(5),
        }
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>) of the key: the same in every build and process.
fn stable_hash(app: &AppKey) -> u64 {
    let (tenant, app) = (app.tenant.as_str().bytes(), app.app.as_str().bytes());
    tenant.chain([b'/']).chain(app).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
