//! `GET /v1/usage` and `GET /v1/usage/{api_id}`: what a tenant's apps were counted, over time (SPEC section 6.2).

mod books;
mod figures;
mod query;
mod reading;

use crate::operators::{OperatorsPlane, Right};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use books::Books;
use domain::bounds::REPORT_APPS_MAX;
use domain::http_error::HttpError;
use domain::ids::{AppId, AppKey};
use domain::policy::Policy;
use domain::registry::ApiScope;
use figures::{Report, Summary};
use query::{Asked, period_asked, refusal};
use reading::{app_usage, tenant_usage};
use std::sync::Arc;

const RIGHT: Right = Right { scope: ApiScope::UsageRead, policy: Policy::Reports };

/// Answers `GET /v1/usage`: all apps of the tenant, those of the registry and those that were ever counted.
pub(crate) async fn summary(
    State(plane): State<Arc<OperatorsPlane>>,
    parts: Parts,
) -> Result<Json<Summary>, Refusal> {
    let tenant = plane.tenant(&parts, RIGHT).await?;
    let now_unix_s = plane.now_unix_s();
    let period = period_asked(parts.uri.query().unwrap_or(""), now_unix_s)?;
    let books = Books::of_tenant(&plane.operators, &tenant).await?;
    if books.len() > REPORT_APPS_MAX {
        return Err(too_many_apps().into());
    }
    period.check_over(books.len() as u64).map_err(|wrong| refusal(&wrong))?;
    let usage = tenant_usage(&*plane.operators.usage, &tenant, &books, &period).await?;
    Ok(Json(Summary::new(&period, &books, usage, plane.front.clock.unix_ms())))
}

/// Answers `GET /v1/usage/{api_id}`. Another tenant's app is as unknown as one that there never was.
pub(crate) async fn report(
    State(plane): State<Arc<OperatorsPlane>>,
    path: Result<Path<String>, PathRejection>,
    parts: Parts,
) -> Result<Json<Report>, Refusal> {
    let tenant = plane.tenant(&parts, RIGHT).await?;
    let Asked { period, endpoint } = Asked::of(parts.uri.query().unwrap_or(""), plane.now_unix_s())?;
    let id = path.ok().and_then(|Path(id)| AppId::parse(&id).ok()).ok_or(NO_SUCH)?;
    let app = AppKey { tenant, app: id };
    let terms = books::terms_of(&plane.operators, &app).await?.ok_or(NO_SUCH)?;
    let usage = app_usage(&*plane.operators.usage, &app, &period).await?;
    Ok(Json(Report::new((&app.app, &terms), &period, endpoint, &usage, plane.front.clock.unix_ms())))
}

const NO_SUCH: HttpError = HttpError::NoSuch("API");

fn too_many_apps() -> HttpError {
    let expected = format!(
        "a report over all APIs covers at most {REPORT_APPS_MAX}; ask for each at /v1/usage/{{api_id}}"
    );
    HttpError::InvalidParameter { name: "api_id", expected }
}
