use super::attributes::{Item, Undecodable, number, text};
use super::records::{held, node, region};
use super::table::{Conditional, Table};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::ids::{NodeId, Region};
use domain::ports::{Beat, Cluster, HeldKey, NodeRecord, NodeState, Sighting, Unavailable};

/// The nodes that use a home table, and what each of them may hold there.
#[derive(Debug)]
pub(super) struct DynamoCluster {
    table: Table,
}

impl DynamoCluster {
    pub(super) fn new(table: Table) -> Self {
        Self { table }
    }

    fn decoded<T>(&self, decoded: Result<T, Undecodable>) -> Result<T, Unavailable> {
        decoded.map_err(|cause| self.table.unavailable(cause))
    }

    async fn list<T>(
        &self,
        partition: String,
        decode: fn(&Item) -> Result<T, Undecodable>,
    ) -> Result<Vec<T>, Unavailable> {
        let items = self.table.list(partition).await?;
        self.decoded(items.iter().map(decode).collect())
    }

    /// Replaces the record where `condition` holds, which may speak of a node that is alive.
    async fn replace(&self, record: &NodeRecord, condition: &str) -> Result<Beat, Unavailable> {
        let put = self.table.put(node::encode(record)).condition_expression(condition);
        let replaced = self.table.replaced(alive(put)).await?;
        Ok(if replaced { Beat::Alive } else { Beat::Fenced })
    }
}

#[async_trait::async_trait]
impl Cluster for DynamoCluster {
    /// The region comes before the node's record: whoever lists the nodes region by region misses none.
    async fn announce(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        self.table.replaced(self.table.put(region::encode(&record.region))).await?;
        self.replace(record, "attribute_not_exists(#state) OR #state IN (:up, :draining)").await
    }

    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        self.replace(record, "#state IN (:up, :draining)").await
    }

    async fn regions(&self) -> Result<Vec<Region>, Unavailable> {
        self.list(region::PARTITION.to_owned(), region::decode).await
    }

    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        self.list(node::partition(region), node::decode).await
    }

    async fn sight(&self, region: &Region, node: &NodeId, beat: u64) -> Result<Sighting, Unavailable> {
        let sight = self
            .table
            .update(node::key(region, node))
            .update_expression("SET #sighted = :beat")
            .condition_expression("#beat = :beat AND #state IN (:up, :draining)")
            .expression_attribute_names("#sighted", node::SIGHTED)
            .expression_attribute_names("#beat", node::BEAT)
            .expression_attribute_names("#state", node::STATE)
            .expression_attribute_values(":beat", number(beat))
            .expression_attribute_values(":up", state(NodeState::Up))
            .expression_attribute_values(":draining", state(NodeState::Draining))
            .return_values(ReturnValue::UpdatedOld);
        Ok(match self.table.updated(sight).await? {
            Conditional::Done(before) if before.is_empty() => Sighting::First,
            Conditional::Done(_) => Sighting::Again,
            Conditional::Refused(_) => Sighting::Moved,
        })
    }

    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable> {
        let fence = self
            .table
            .update(node::key(region, node))
            .update_expression("SET #state = :fenced")
            .condition_expression("#beat = :beat AND #state IN (:up, :draining)")
            .expression_attribute_names("#state", node::STATE)
            .expression_attribute_names("#beat", node::BEAT)
            .expression_attribute_values(":beat", number(beat))
            .expression_attribute_values(":fenced", state(NodeState::Fenced))
            .expression_attribute_values(":up", state(NodeState::Up))
            .expression_attribute_values(":draining", state(NodeState::Draining));
        match self.table.updated(fence).await? {
            Conditional::Done(_) => Ok(true),
            Conditional::Refused(item) => {
                let state = self.decoded(node::decode_state(&item))?;
                Ok(state.is_some_and(NodeState::is_dead))
            }
        }
    }

    async fn reaped(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        let reaped = self
            .table
            .update(node::key(region, node))
            .update_expression("SET #state = :reaped")
            .condition_expression("#state = :fenced")
            .expression_attribute_names("#state", node::STATE)
            .expression_attribute_values(":fenced", state(NodeState::Fenced))
            .expression_attribute_values(":reaped", state(NodeState::Reaped));
        self.table.updated(reaped).await.map(drop)
    }

    /// Puts the key, and then reads the node's record: a fence that the read does not see comes after it, so whoever
    /// fenced finds the key.
    ///
    /// Where the life turns out dead the key stays. An earlier call may have put it too, for a share that stands;
    /// and whoever buries the node visits it for nothing.
    async fn hold(&self, region: &Region, node: &NodeId, key: &HeldKey) -> Result<Beat, Unavailable> {
        self.table.replaced(self.table.put(held::encode(node, key))).await?;
        let record = self.table.read(node::key(region, node)).await?;
        let state = self.decoded(node::decode_state(&record))?;
        Ok(if state.is_none_or(NodeState::is_dead) { Beat::Fenced } else { Beat::Alive })
    }

    async fn let_go(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable> {
        self.table.delete(held::key(node, key)).await
    }

    async fn held(&self, node: &NodeId) -> Result<Vec<HeldKey>, Unavailable> {
        self.list(held::partition(node), held::decode).await
    }

    async fn forget(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        self.table.delete(node::key(region, node)).await
    }
}

fn alive(put: PutItemFluentBuilder) -> PutItemFluentBuilder {
    put.expression_attribute_names("#state", node::STATE)
        .expression_attribute_values(":up", state(NodeState::Up))
        .expression_attribute_values(":draining", state(NodeState::Draining))
}

fn state(state: NodeState) -> aws_sdk_dynamodb::types::AttributeValue {
    text(node::encode_state(state))
}
