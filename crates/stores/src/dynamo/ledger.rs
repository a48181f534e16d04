use super::attributes::{Undecodable, number, text};
use super::records::ledger::{
    CONNECTIONS, DOCUMENTS, SEALED, decode, decode_share, decode_totals, encode_share, key, share_attribute,
};
use super::table::{Conditional, Table};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::ids::{AppKey, NodeId};
use domain::ledger::{LedgerRecord, ShareWrite, WriteOutcome};
use domain::ports::{Ledger, Unavailable};

/// The ledger of each app: one item an app, and one conditional update a write.
#[derive(Debug)]
pub(super) struct DynamoLedger {
    table: Table,
}

impl DynamoLedger {
    pub(super) fn new(table: Table) -> Self {
        Self { table }
    }

    fn undecodable(&self, app: &AppKey, cause: &Undecodable) -> Unavailable {
        self.table.unavailable(format!("{cause} (the ledger of {app})"))
    }
}

#[async_trait::async_trait]
impl Ledger for DynamoLedger {
    async fn read(&self, app: &AppKey) -> Result<LedgerRecord, Unavailable> {
        let item = self.table.read(key(app)).await?;
        decode(&item).map_err(|cause| self.undecodable(app, &cause))
    }

    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        let update = conditional(changed(self.table.update(key(app)), write), write);
        let outcome = match self.table.updated(update).await? {
            Conditional::Done(item) => decode_totals(&item).map(WriteOutcome::Written),
            Conditional::Refused(item) => decode_totals(&item).and_then(|totals| {
                Ok(WriteOutcome::Refused { totals, share: decode_share(&item, &write.node)? })
            }),
        };
        outcome.map_err(|cause| self.undecodable(app, &cause))
    }

    async fn forget_sealed(&self, app: &AppKey, share: &NodeId) -> Result<(), Unavailable> {
        let forget = self
            .table
            .update(key(app))
            .update_expression("REMOVE #share")
            .condition_expression("begins_with(#share, :sealed)")
            .expression_attribute_names("#share", share_attribute(share))
            .expression_attribute_values(":sealed", text(SEALED));
        self.table.updated(forget).await.map(drop)
    }
}

/// The totals and the share change together. The totals are not set but moved, as other nodes move them too; no
/// copy of the write moves them twice, as it would not find the share that it replaces.
fn changed(update: UpdateItemFluentBuilder, write: &ShareWrite) -> UpdateItemFluentBuilder {
    let before = write.old.unwrap_or_default();
    let moved = |after: u64, before: u64| number(i128::from(after) - i128::from(before));
    update
        .update_expression(
            "SET #c = if_not_exists(#c, :none) + :dc, #d = if_not_exists(#d, :none) + :dd, #share = :new",
        )
        .expression_attribute_names("#c", CONNECTIONS)
        .expression_attribute_names("#d", DOCUMENTS)
        .expression_attribute_names("#share", share_attribute(&write.node))
        .expression_attribute_values(":none", number(0u64))
        .expression_attribute_values(":dc", moved(write.new.connections, before.connections))
        .expression_attribute_values(":dd", moved(write.new.documents, before.documents))
        .expression_attribute_values(":new", text(encode_share(&write.new)))
        .return_values(ReturnValue::UpdatedNew)
}

/// Only from the share that the writer knows, and only where there is room. An app that was never written counts
/// nothing, so any bound has room.
fn conditional(update: UpdateItemFluentBuilder, write: &ShareWrite) -> UpdateItemFluentBuilder {
    let (mut condition, mut update) = match &write.old {
        Some(old) => {
            let old = text(encode_share(old));
            ("#share = :old".to_owned(), update.expression_attribute_values(":old", old))
        }
        None => ("attribute_not_exists(#share)".to_owned(), update),
    };
    let bounds = [("#c", ":cmax", write.bounds.connections), ("#d", ":dmax", write.bounds.documents)];
    for (total, most, bound) in bounds {
        let Some(bound) = bound else { continue };
        condition += &format!(" AND (attribute_not_exists({total}) OR {total} <= {most})");
        update = update.expression_attribute_values(most, number(bound));
    }
    update.condition_expression(condition)
}
