use super::report::SecretOf;
use crate::data_folder::DataFolderError;
use domain::bounds::API_KEYS_MAX;
use domain::ids::{ApiKeyId, AppKey, ClientId, EventId, KeyId, PlanId, TenantId, WebhookId};
use domain::ports::Unavailable;
use domain::registry::ApiScope;
use std::io;
use stores::jwt::MakeKeyError;
use stores::usage::OpenUsageError;
use syncd::setup::lacks_table;

/// Why a command of `wiresocket admin` was not done: what is missing, and the command that makes it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error("no tenant `{0}`: make it with `wiresocket admin tenants create {0}`")]
    NoTenant(TenantId),
    #[error(
        "no plan `{0}`: make it with `wiresocket admin plans set {0} --max-connections N --max-documents N \
         --max-users-per-doc N --ops-per-minute N`"
    )]
    NoPlan(PlanId),
    #[error("the plan `{plan}` is new and needs all its limits: give {missing} too")]
    NewPlan { plan: PlanId, missing: String },
    #[error(
        "no app `{tenant}/{app}`: make it with `wiresocket admin apps create {tenant}/{app} --plan PLAN`",
        tenant = .0.tenant,
        app = .0.app
    )]
    NoApp(AppKey),
    #[error(
        "there is an app `{0}` already, and it differs: `wiresocket admin apps list` shows how; only its plan can be \
         changed, with `wiresocket admin apps set-plan {0} PLAN`"
    )]
    AppDiffers(String),
    #[error("invalid value for '--origin': {0} domains are given, and an app has at most 3: leave some out")]
    Origins(usize),
    #[error("no client `{0}`: `wiresocket admin clients list` shows which there are")]
    NoClient(ClientId),
    #[error(
        "a client of the drawn id is there already, which chance does not bring about: repair the random source"
    )]
    DrawnTwice,
    #[error(
        "no key `{key}` of the tenant `{tenant}`: `wiresocket admin keys list {tenant}` shows which there are"
    )]
    NoKey { tenant: TenantId, key: KeyId },
    #[error(
        "the key `{key}` signs for `{tenant}`: let another sign first, with `wiresocket admin keys rotate {tenant} \
         --at-once`"
    )]
    KeySigns { tenant: TenantId, key: KeyId },
    #[error(
        "no key was made: the vault does not open the key `{key}` of `{tenant}` ({cause}); give the one that sealed it with \
         '--vault', or, where keys move to another, begin with `wiresocket admin keys rotate {tenant} --new-vault`"
    )]
    OtherVault { tenant: TenantId, key: KeyId, cause: String },
    #[error("no key was made: {0}")]
    NoNewKey(MakeKeyError),
    #[error("'--vault' is missing: keys are made, and '--registry' needs to be told what seals them")]
    NoVault,
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    #[error(
        "{of} was made, but its secret could not be shown ({source}): revoke it with `{}`, and make another",
        of.revocation()
    )]
    SecretNotShown { of: SecretOf, source: io::Error },
    #[error("no API key `{0}`: `wiresocket admin api-keys list` shows which there are")]
    NoApiKey(ApiKeyId),
    #[error("invalid value for '--scope': `{}` is not for this holder, whose keys may have {has}", scope.name())]
    ScopeOfOthers { scope: ApiScope, has: String },
    #[error("{0} has {API_KEYS_MAX} API keys, revoked ones included, and no more are kept")]
    TooManyApiKeys(String),
    #[error(
        "no parked delivery of the event `{event}` to `{webhook}`: `wiresocket admin webhooks parked` shows which there are"
    )]
    NotParked { event: EventId, webhook: WebhookId },
    #[error("'--usage' is missing: with '--registry', it says where webhooks and their deliveries are")]
    NoUsage,
    #[error("invalid value for '--usage': {0}")]
    Usage(#[from] OpenUsageError),
    #[error("'{option}' {cause}")]
    Combination { option: &'static str, cause: &'static str },
    #[error("the table that '--registry' names does not exist: deploy it, or name the one that was deployed")]
    NoTable,
    #[error("{0}; look with `list` whether a change was made before you repeat it")]
    Unavailable(Unavailable),
}

impl From<Unavailable> for AdminError {
    fn from(error: Unavailable) -> Self {
        if lacks_table(&error) { Self::NoTable } else { Self::Unavailable(error) }
    }
}

impl From<MakeKeyError> for AdminError {
    fn from(error: MakeKeyError) -> Self {
        match error {
            MakeKeyError::Unavailable(store) => store.into(),
            MakeKeyError::TooMany | MakeKeyError::Generation => Self::NoNewKey(error),
        }
    }
}

impl AdminError {
    /// 2 where an option is wrong, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NewPlan { .. }
            | Self::Origins(_)
            | Self::NoVault
            | Self::NoUsage
            | Self::Usage(_)
            | Self::ScopeOfOthers { .. }
            | Self::Combination { .. } => 2,
            _ => 1,
        }
    }
}
