use crate::dynamo::records::node_minute::{PARTITION, decode, encode, sort};
use crate::dynamo::table::Table;
use domain::ports::{NodeMinute, PlatformLog, Unavailable};

/// What the nodes did, one item a node and minute.
#[derive(Debug)]
pub(super) struct DynamoPlatformLog {
    table: Table,
}

impl DynamoPlatformLog {
    pub(super) fn new(table: Table) -> Self {
        Self { table }
    }
}

#[async_trait::async_trait]
impl PlatformLog for DynamoPlatformLog {
    async fn note(&self, minute: &NodeMinute) -> Result<(), Unavailable> {
        self.table.replaced(self.table.put(encode(minute))).await.map(drop)
    }

    async fn minutes(&self, from: u64, to: u64) -> Result<Vec<NodeMinute>, Unavailable> {
        if from >= to {
            return Ok(Vec::new());
        }
        // No item's sort key ends with a minute, so that the end is not among them.
        let items = self.table.list_between(PARTITION.to_owned(), (&sort(from), &sort(to))).await?;
        items.iter().map(decode).collect::<Result<_, _>>().map_err(|cause| self.table.unavailable(cause))
    }
}
