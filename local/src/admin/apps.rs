use super::args::{Apps, NewApp};
use super::books::Books;
use super::error::AdminError;
use super::report::{Report, table};
use domain::bounds::ALLOWED_DOMAINS_MAX;
use domain::claims::AllowedDomain;
use domain::ids::{AppKey, PlanId, TenantId};
use domain::ports::Added;
use domain::registry::App;
use serde_json::{Value, json};

pub(super) async fn run(command: &Apps, books: &Books) -> Result<Report, AdminError> {
    match command {
        Apps::Create(app) => create(app, books).await,
        Apps::SetPlan { app, plan } => set_plan(app, plan, books).await,
        Apps::List { tenant } => list(tenant.as_ref(), books).await,
    }
}

async fn create(new: &NewApp, books: &Books) -> Result<Report, AdminError> {
    if new.origin.len() > ALLOWED_DOMAINS_MAX {
        return Err(AdminError::Origins(new.origin.len()));
    }
    books.tenant(&new.app.tenant).await?;
    books.plan(&new.plan).await?;
    let app = App {
        key: new.app.clone(),
        name: new.name.clone(),
        plan: new.plan.clone(),
        home: new.home.clone(),
        allowed_domains: new.origin.clone(),
    };
    let shown = shown(&app.key);
    let text = match books.registry().add_app(&app).await? {
        Added::New => format!("made the app {shown}"),
        Added::Exists if books.app(&app.key).await? == app => {
            format!("there is an app {shown} already, just like that")
        }
        Added::Exists => return Err(AdminError::AppDiffers(shown)),
    };
    Ok(Report::new(text, as_json(&app)))
}

async fn set_plan(key: &AppKey, plan: &PlanId, books: &Books) -> Result<Report, AdminError> {
    let app = books.app(key).await?;
    books.plan(plan).await?;
    let app = App { plan: plan.clone(), ..app };
    books.registry().set_app(&app).await?;
    let text = format!(
        "the app {} is of the plan {plan}; it gets its limits with its next tokens, within 15 minutes",
        shown(key)
    );
    Ok(Report::new(text, as_json(&app)))
}

async fn list(tenant: Option<&TenantId>, books: &Books) -> Result<Report, AdminError> {
    let mut apps = Vec::new();
    for tenant in books.tenants(tenant).await? {
        apps.extend(books.registry().apps(&tenant.id).await?);
    }
    let row = |app: &App| {
        let home = app.home.as_ref().map_or_else(|| "default".to_owned(), ToString::to_string);
        let origins = if app.allowed_domains.is_empty() { "any".to_owned() } else { origins(app).join(", ") };
        [shown(&app.key), app.plan.to_string(), home, origins, app.name.clone()]
    };
    let rows: Vec<_> = apps.iter().map(row).collect();
    Ok(Report::new(
        table(["APP", "PLAN", "HOME", "ORIGINS", "NAME"], &rows),
        json!({"apps": apps.iter().map(as_json).collect::<Vec<_>>()}),
    ))
}

/// An app as commands name it.
pub(super) fn shown(key: &AppKey) -> String {
    format!("{}/{}", key.tenant, key.app)
}

fn origins(app: &App) -> Vec<String> {
    app.allowed_domains.iter().map(AllowedDomain::to_string).collect()
}

fn as_json(app: &App) -> Value {
    json!({
        "tenant": app.key.tenant.as_str(),
        "app": app.key.app.as_str(),
        "name": app.name,
        "plan": app.plan.as_str(),
        "home": app.home.as_ref().map(|home| home.as_str()),
        "origins": origins(app),
    })
}
