use super::access::LazyAccess;
use super::error::SetupError;
use super::homes::{create_command, lacks_table};
use super::options::Options;
use domain::ids::TenantId;
use domain::ports::UsageLog;
use std::sync::Arc;
use stores::dynamo::TableAt;
use stores::usage::{UsageAt, UsagePorts};

const OPTION: &str = "--usage";

/// Where the options say that what is counted goes, if anywhere.
pub(super) async fn usage(options: &Options, access: &LazyAccess) -> Result<Option<UsagePorts>, SetupError> {
    let Some(at) = &options.usage else {
        tracing::info!("nothing is metered: '--usage' does not say where to");
        return Ok(None);
    };
    let at = match options.dynamodb_endpoint.as_deref() {
        Some(endpoint) => at
            .clone()
            .or_endpoint(endpoint)
            .map_err(|error| SetupError::value("--dynamodb-endpoint", error))?,
        None => at.clone(),
    };
    let ports = match &at {
        UsageAt::Table(_) => UsagePorts::open(&at, access.get().await),
        UsageAt::Folder(folder) => UsagePorts::in_folder(folder),
    };
    let ports = ports.map_err(|error| SetupError::value(OPTION, format_args!("{at}: {error}")))?;
    if let UsageAt::Table(table) = at {
        tokio::spawn(look_at(table, Arc::clone(&ports.log)));
    }
    Ok(Some(ports))
}

/// Tells the operator at the start what is wrong with the table. The node itself counts on, and goes on trying to write it
/// down.
async fn look_at(table: TableAt, log: Arc<dyn UsageLog>) {
    let any = TenantId::parse("-").expect("a hyphen is a tenant id");
    match log.apps(&any).await {
        Ok(_) => tracing::info!(table = table.name(), "the usage table answers"),
        Err(error) if lacks_table(&error) => tracing::error!(
            table = table.name(),
            "the usage table does not exist, and what is counted is kept until it does, for a day at most; make it: {}",
            create_command(&table)
        ),
        Err(error) => tracing::error!(
            table = table.name(),
            cause = error.cause,
            "the usage table can't be reached, and what is counted is kept until it can, for a day at most"
        ),
    }
}
