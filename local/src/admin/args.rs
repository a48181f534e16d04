//! The command line of `wiresocket admin`.

use super::books::BooksAt;
use super::report::Form;
use super::tenants::new_tenant;
use clap::{Args, Subcommand};
use domain::bounds::{LIMIT_MAX, NAME_BYTES_MAX};
use domain::claims::AllowedDomain;
use domain::ids::{
    ApiKeyId, AppId, AppKey, ClientId, EventId, HomeRegion, KeyId, PlanId, TenantId, WebhookId,
};
use domain::money::{InvalidPrice, PricePerMillion};
use domain::registry::{ApiKeyText, ApiScope, KeyHolder, Refresh};
use stores::jwt::Start;

#[derive(Debug, Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(super) books: Book,
    #[command(flatten)]
    pub(super) at: BooksAt,
    /// Prints one JSON value instead of text for people.
    #[arg(long, global = true)]
    json: bool,
}

impl Admin {
    pub(super) fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Book {
    /// Paying organisations.
    #[command(subcommand)]
    Tenants(Tenants),
    /// What apps are sold as: the limits that their tokens carry, and what requests cost.
    #[command(subcommand)]
    Plans(Plans),
    /// Products or environments of tenants.
    #[command(subcommand)]
    Apps(Apps),
    /// Who asks for tokens in an app's name.
    #[command(subcommand)]
    Clients(Clients),
    /// What a tenant's tokens are signed by.
    #[command(subcommand)]
    Keys(Keys),
    /// Who sees reports, webhooks and counts: keys of tenants (`sk_live_…`) and of the platform (`im_live_…`).
    #[command(subcommand)]
    ApiKeys(ApiKeys),
    /// Where tenants are told of their usage, and what could not be delivered.
    #[command(subcommand)]
    Webhooks(Webhooks),
}

/// What a command does to the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Look,
    Change,
}

impl Book {
    pub(super) fn intent(&self) -> Intent {
        match self {
            Self::Tenants(Tenants::List)
            | Self::Plans(Plans::List)
            | Self::Apps(Apps::List { .. })
            | Self::Clients(Clients::List { .. })
            | Self::Keys(Keys::List { .. })
            | Self::ApiKeys(ApiKeys::List)
            | Self::Webhooks(_) => Intent::Look,
            _ => Intent::Change,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Tenants {
    /// Makes a tenant and its first signing key; one that is there stays as it is.
    Create {
        /// The tenant's id, as tokens say it. Not admin, connect or v1, as paths of the service begin with these.
        #[arg(value_name = "TENANT", value_parser = new_tenant)]
        tenant: TenantId,
        /// What people call it.
        #[arg(long, value_name = "TEXT", default_value = "", value_parser = name)]
        name: String,
    },
    /// Lists every tenant.
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum Plans {
    /// Makes a plan, or changes what is given: tokens that are issued from then on carry its limits, and reports its terms.
    Set {
        /// The plan's id.
        #[arg(value_name = "PLAN", value_parser = plan)]
        plan: PlanId,
        #[command(flatten)]
        limits: GivenLimits,
        #[command(flatten)]
        terms: GivenTerms,
    },
    /// Lists every plan.
    List,
}

/// The limits that a command names.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct GivenLimits {
    /// Open WebSockets that an app may have.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=LIMIT_MAX))]
    pub(super) max_connections: Option<u64>,
    /// Active documents that an app may have.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=LIMIT_MAX))]
    pub(super) max_documents: Option<u64>,
    /// Sessions that one document may have.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=LIMIT_MAX))]
    pub(super) max_users_per_doc: Option<u64>,
    /// Ops that an app may make in any 60 seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=LIMIT_MAX))]
    pub(super) ops_per_minute: Option<u64>,
}

/// What requests cost and how many are expected, as far as a command names it.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct GivenTerms {
    /// Requests that an app may make in a calendar month before its tenant is told, none being refused; `none` for any
    /// number, which is what a new plan begins with.
    #[arg(long, value_name = "N|none", value_parser = monthly_requests)]
    pub(super) monthly_requests: Option<MonthlyRequests>,
    /// What a million requests cost, in US dollars; 0 for a new plan.
    #[arg(long, value_name = "USD", value_parser = price)]
    pub(super) price_per_million: Option<PricePerMillion>,
}

/// Requests of a month; `None` means any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MonthlyRequests(pub(super) Option<u64>);

#[derive(Debug, Subcommand)]
pub(super) enum Apps {
    /// Makes an app of a tenant that there is.
    Create(NewApp),
    /// Sells an app as another plan: tokens that are issued from then on carry its limits.
    SetPlan {
        /// The app.
        #[arg(value_name = "TENANT/APP", value_parser = app)]
        app: AppKey,
        /// A plan that there is.
        #[arg(value_name = "PLAN", value_parser = plan)]
        plan: PlanId,
    },
    /// Lists a tenant's apps, or every tenant's.
    List {
        /// Whose apps.
        #[arg(value_name = "TENANT", value_parser = tenant)]
        tenant: Option<TenantId>,
    },
}

#[derive(Debug, Args)]
pub(super) struct NewApp {
    /// The app: its tenant's id and its own, as tokens say them.
    #[arg(value_name = "TENANT/APP", value_parser = app)]
    pub(super) app: AppKey,
    /// A plan that there is.
    #[arg(long, value_name = "PLAN", value_parser = plan)]
    pub(super) plan: PlanId,
    /// Home region that the app is counted in, for good; by default the deployment's first.
    #[arg(long, value_name = "NAME", value_parser = home)]
    pub(super) home: Option<HomeRegion>,
    /// Domain that browsers may connect from, up to three; none means any.
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',', value_parser = origin)]
    pub(super) origin: Vec<AllowedDomain>,
    /// What people call it.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = name)]
    pub(super) name: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum Clients {
    /// Makes a client and its secret, which is shown this once.
    Create(NewClient),
    /// Lists the clients of an app, of a tenant or of every tenant, without their secrets.
    List {
        /// Whose clients.
        #[arg(value_name = "TENANT[/APP]", value_parser = tenant_or_app)]
        of: Option<TenantOrApp>,
    },
    /// Lets a client have no token from now on. Access tokens that it has are good for up to 15 minutes more.
    Revoke {
        /// The client's id.
        #[arg(value_name = "CLIENT", value_parser = client)]
        client: ClientId,
    },
}

#[derive(Debug, Args)]
pub(super) struct NewClient {
    /// The app that its tokens speak for.
    #[arg(value_name = "TENANT/APP", value_parser = app)]
    pub(super) app: AppKey,
    /// Lets it have refresh tokens (scope `offline_access`).
    #[arg(long)]
    refresh: bool,
}

impl NewClient {
    pub(super) fn refresh(&self) -> Refresh {
        if self.refresh { Refresh::Allowed } else { Refresh::Denied }
    }
}

/// Whose clients are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TenantOrApp {
    Tenant(TenantId),
    App(AppKey),
}

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Lists a tenant's signing keys and what each is for.
    List {
        /// Whose keys.
        #[arg(value_name = "TENANT", value_parser = tenant)]
        tenant: TenantId,
    },
    /// Makes the tenant's next key, which signs once everybody who verifies knows it; one that is there is kept.
    Rotate(Rotation),
    /// Deletes a key that does not sign: what it signed is refused within minutes.
    Revoke {
        /// Whose key.
        #[arg(value_name = "TENANT", value_parser = tenant)]
        tenant: TenantId,
        /// The key's id, as `keys list` shows it. It may begin with a hyphen.
        #[arg(value_name = "KEY", value_parser = key, allow_hyphen_values = true)]
        key: KeyId,
    },
}

#[derive(Debug, Args)]
pub(super) struct Rotation {
    /// Whose keys.
    #[arg(value_name = "TENANT", value_parser = tenant)]
    pub(super) tenant: TenantId,
    /// Lets it sign from now on, as for a key that others may have; its first tokens may be refused for a minute.
    #[arg(long)]
    at_once: bool,
    /// Seals it by another vault than its keys were sealed by, which is refused otherwise, and takes the place of a next key
    /// of that one. What issues tokens must be given the vault too.
    #[arg(long)]
    new_vault: bool,
}

/// Whether a tenant's keys stay in the vault that they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealedIn {
    ItsVault,
    NewVault,
}

impl Rotation {
    pub(super) fn start(&self) -> Start {
        if self.at_once { Start::AtOnce } else { Start::WhenKnown }
    }

    pub(super) fn sealed_in(&self) -> SealedIn {
        if self.new_vault { SealedIn::NewVault } else { SealedIn::ItsVault }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum ApiKeys {
    /// Makes a key, which is shown this once.
    Create(NewKey),
    /// Lists every key, without what it is known by.
    List,
    /// Lets a key see nothing from now on.
    Revoke {
        /// The key's id: the 16 hex digits behind its prefix.
        #[arg(value_name = "ID", value_parser = api_key)]
        key: ApiKeyId,
    },
}

#[derive(Debug, Args)]
pub(super) struct NewKey {
    #[command(flatten)]
    holder: Holder,
    /// What the key may be used for, once for each; by default all that its holder may have.
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = scope)]
    pub(super) scope: Vec<ApiScope>,
    /// What people call it.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = name)]
    pub(super) description: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Holder {
    /// A key of the platform's operator, for /admin.
    #[arg(long)]
    platform: bool,
    /// A key of this tenant, for /v1.
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    tenant: Option<TenantId>,
}

impl NewKey {
    pub(super) fn holder(&self) -> KeyHolder {
        self.holder.tenant.clone().map_or(KeyHolder::Platform, KeyHolder::Tenant)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    /// Lists a tenant's webhooks, without their secrets.
    List {
        /// Whose webhooks.
        #[arg(value_name = "TENANT", value_parser = tenant)]
        tenant: TenantId,
    },
    /// Lists the deliveries that were tried for a day in vain, of all tenants.
    Parked,
    /// Has parked deliveries tried for another day.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The event, as `webhooks parked` shows it.
    #[arg(value_name = "EVENT", value_parser = event, required_unless_present = "all", requires = "webhook")]
    pub(super) event: Option<EventId>,
    /// Where it goes.
    #[arg(value_name = "WEBHOOK", value_parser = webhook)]
    pub(super) webhook: Option<WebhookId>,
    /// Every parked delivery.
    #[arg(long, conflicts_with_all = ["event", "webhook"])]
    pub(super) all: bool,
}

impl Replay {
    /// The one delivery that is meant; none where all are.
    pub(super) fn one(&self) -> Option<(&EventId, &WebhookId)> {
        self.event.as_ref().zip(self.webhook.as_ref()).filter(|_| !self.all)
    }
}

fn monthly_requests(text: &str) -> Result<MonthlyRequests, String> {
    if text == "none" {
        return Ok(MonthlyRequests(None));
    }
    let requests = text.parse().ok().filter(|requests| *requests <= LIMIT_MAX);
    requests
        .map(|requests| MonthlyRequests(Some(requests)))
        .ok_or_else(|| format!("expected a number of requests from 0 to {LIMIT_MAX}, or none"))
}

fn price(text: &str) -> Result<PricePerMillion, String> {
    text.parse().map_err(|error: InvalidPrice| error.to_string())
}

fn api_key(text: &str) -> Result<ApiKeyId, String> {
    if ApiKeyText::parse(text).is_some() {
        return Err("expected a key's id and not the key itself, which nobody else is to see".to_owned());
    }
    ApiKeyId::parse(text).map_err(|error| error.to_string())
}

fn scope(text: &str) -> Result<ApiScope, String> {
    let names = || ApiScope::ALL.map(ApiScope::name).join(", ");
    ApiScope::parse(text).ok_or_else(|| format!("expected one of {}", names()))
}

fn event(text: &str) -> Result<EventId, String> {
    EventId::parse(text).map_err(|error| error.to_string())
}

fn webhook(text: &str) -> Result<WebhookId, String> {
    WebhookId::parse(text).map_err(|error| error.to_string())
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).map_err(|error| error.to_string())
}

fn plan(text: &str) -> Result<PlanId, String> {
    PlanId::parse(text).map_err(|error| error.to_string())
}

fn client(text: &str) -> Result<ClientId, String> {
    ClientId::parse(text).map_err(|error| error.to_string())
}

fn key(text: &str) -> Result<KeyId, String> {
    KeyId::parse(text).map_err(|error| error.to_string())
}

fn app(text: &str) -> Result<AppKey, String> {
    let (of, app) = text.split_once('/').ok_or("expected TENANT/APP, such as acme/editor")?;
    Ok(AppKey { tenant: tenant(of)?, app: AppId::parse(app).map_err(|error| error.to_string())? })
}

fn tenant_or_app(text: &str) -> Result<TenantOrApp, String> {
    if text.contains('/') { app(text).map(TenantOrApp::App) } else { tenant(text).map(TenantOrApp::Tenant) }
}

fn home(text: &str) -> Result<HomeRegion, String> {
    HomeRegion::parse(text).map_err(|error| error.to_string())
}

fn origin(text: &str) -> Result<AllowedDomain, String> {
    let wrong = "expected a host or host:port, such as app.example.com or localhost:3000";
    AllowedDomain::parse(text).ok_or_else(|| wrong.to_owned())
}

fn name(text: &str) -> Result<String, String> {
    let is_plain = !text.chars().any(char::is_control);
    if text.len() <= NAME_BYTES_MAX && is_plain {
        Ok(text.to_owned())
    } else {
        Err(format!("expected at most {NAME_BYTES_MAX} bytes without control characters"))
    }
}
