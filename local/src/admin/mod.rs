//! `wiresocket admin`: what the operator has on the books, in a data folder or in a deployed table.
//!
//! Every command looks for what it builds on (an app for its tenant and its plan) and says what is missing. A command
//! that is repeated finds its work done, but for `clients create`, `api-keys create` and `keys rotate --at-once`, which each
//! time make another.
//! Rules that concern one entry are the registry's.

mod api_keys;
mod apps;
mod args;
mod books;
mod clients;
mod error;
mod keys;
mod plans;
mod report;
mod sealing;
mod tenants;
mod webhooks;

pub(crate) use args::Admin;
pub(crate) use error::AdminError;

use crate::error::LocalError;
use args::Book;
use books::Books;
use report::Report;

/// Does what is asked, and prints what came of it.
pub(crate) fn run(admin: &Admin) -> Result<(), LocalError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = runtime.map_err(LocalError::Runtime)?.block_on(Box::pin(report_of(admin)))?;
    report.print(admin.form())
}

async fn report_of(admin: &Admin) -> Result<Report, LocalError> {
    let books = Books::open(&admin.at, admin.books.intent()).await?;
    Ok(match &admin.books {
        Book::Tenants(tenants) => tenants::run(tenants, &books).await?,
        Book::Plans(plans) => plans::run(plans, &books).await?,
        Book::Apps(apps) => apps::run(apps, &books).await?,
        Book::Clients(clients) => clients::run(clients, &books).await?,
        Book::Keys(keys) => keys::run(keys, &books).await?,
        Book::ApiKeys(keys) => api_keys::run(keys, &books).await?,
        Book::Webhooks(webhooks) => {
            webhooks::run(webhooks, &books, &*books::alerts(&admin.at).await?).await?
        }
    })
}
