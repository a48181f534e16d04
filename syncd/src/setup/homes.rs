use super::access::LazyAccess;
use super::error::SetupError;
use super::options::Options;
use domain::clock::Clock;
use domain::ids::{Generation, HomeRegion};
use domain::ports::{HomePorts, Homes, Unavailable};
use std::sync::Arc;
use stores::dynamo::{Access, HomeAt, TABLE, TableAt};
use stores::memory::{MemoryCluster, MemoryLedger, MemoryPins};

/// The one home region of a node that shares nothing.
const ALONE: &str = "local";

/// The homes that the options name, the first of them as the default; or one home in memory, whose pins begin
/// with the generation `first`.
pub(super) async fn homes(
    options: &Options,
    access: &LazyAccess,
    first: Generation,
    clock: &Arc<dyn Clock>,
) -> Result<Homes, SetupError> {
    let Some((default, others)) = options.home.split_first() else {
        let name = HomeRegion::parse(ALONE).expect("five letters are a home region");
        return Ok(Homes::new(name, in_memory(first)));
    };
    let access = access.get().await;
    let ports = |home: &HomeAt| reach(access, home, options.dynamodb_endpoint.as_deref(), clock);
    let mut homes = Homes::new(default.name.clone(), ports(default)?);
    for home in others {
        homes = homes.with(home.name.clone(), ports(home)?);
    }
    Ok(homes)
}

/// A table, at the endpoint for all tables where it names none.
pub(super) fn at_endpoint(table: &TableAt, endpoint: Option<&str>) -> Result<TableAt, SetupError> {
    let Some(endpoint) = endpoint else { return Ok(table.clone()) };
    let table = table.clone().or_endpoint(endpoint);
    table.map_err(|error| SetupError::value("--dynamodb-endpoint", error))
}

fn in_memory(first: Generation) -> HomePorts {
    HomePorts {
        ledger: Arc::new(MemoryLedger::new()),
        cluster: Arc::new(MemoryCluster::new()),
        pins: Arc::new(MemoryPins::new(first)),
    }
}

fn reach(
    access: &Access,
    home: &HomeAt,
    endpoint: Option<&str>,
    clock: &Arc<dyn Clock>,
) -> Result<HomePorts, SetupError> {
    let table = at_endpoint(&home.table, endpoint)?;
    let reached = access.home(&table).map_err(|error| SetupError::value("--home", error))?;
    let ports = reached.ports(Arc::clone(clock));
    tokio::spawn(look_at(home.name.clone(), table, ports.clone()));
    Ok(ports)
}

/// Tells the operator at the start what is wrong with a home table. The node itself goes on trying.
async fn look_at(home: HomeRegion, table: TableAt, ports: HomePorts) {
    match ports.cluster.regions().await {
        Ok(_) => tracing::info!(%home, table = table.name(), "the home table answers"),
        Err(error) if lacks_table(&error) => tracing::error!(
            %home,
            table = table.name(),
            "the home table does not exist, and apps that are at home there are refused until it does; make it: {}",
            create_command(&table)
        ),
        Err(error) => tracing::error!(
            %home,
            table = table.name(),
            cause = error.cause,
            "the home table can't be reached, and apps that are at home there are refused until it can"
        ),
    }
}

/// Whether a store did not answer because there is no table of its name.
#[must_use]
pub fn lacks_table(error: &Unavailable) -> bool {
    error.cause.starts_with("ResourceNotFoundException")
}

/// The command of Amazon's CLI that makes a table: of a home, a registry or usage.
pub(super) fn create_command(table: &TableAt) -> String {
    let option = |name: &str, value: Option<&str>| value.map_or_else(String::new, |v| format!(" {name} {v}"));
    let (pk, sk) = (TABLE.partition_key, TABLE.sort_key);
    format!(
        "aws dynamodb create-table --table-name {} --billing-mode PAY_PER_REQUEST \
         --attribute-definitions AttributeName={pk},AttributeType=S AttributeName={sk},AttributeType=S \
         --key-schema AttributeName={pk},KeyType=HASH AttributeName={sk},KeyType=RANGE{}{}",
        table.name(),
        option("--region", table.region()),
        option("--endpoint-url", table.endpoint()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_makes_a_table_names_where() {
        let table = "wiresocket,region=eu-central-1,endpoint=http://127.0.0.1:8000".parse().unwrap();
        let command = create_command(&table);
        assert!(command.starts_with("aws dynamodb create-table --table-name wiresocket "));
        assert!(command.ends_with(" --region eu-central-1 --endpoint-url http://127.0.0.1:8000"));
        assert!(command.contains("AttributeName=pk,KeyType=HASH AttributeName=sk,KeyType=RANGE"));
    }
}
