use super::attributes::{number, text};
use super::records::pin::{
    EXPIRES, GENERATION, KEPT_FOR, NODE, PinRecord, REGION, RELAY, decode, encode_node, key,
};
use super::table::{Conditional, Table};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::clock::Clock;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Owner, Pin, PinOutcome, Pins, Unavailable};
use std::sync::Arc;

/// How often a document may be pinned and unpinned by others, or its old generation expire, while it is being
/// pinned.
const TRIES_MAX: u32 = 8;

/// Which node holds which document: one item a document.
pub(super) struct DynamoPins {
    table: Table,
    clock: Arc<dyn Clock>,
}

impl DynamoPins {
    pub(super) fn new(table: Table, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock }
    }

    /// Pins a document that is not pinned, as far as `known` says; learns from each refusal what really stands.
    ///
    /// A write takes effect only on exactly what is known of the document. On any unpinned state, a copy that
    /// arrives after the document was pinned and unpinned again would pin it to a node that has let go of it.
    async fn pin_from(
        &self,
        document: &DocumentKey,
        owner: &Owner,
        mut known: Option<Generation>,
    ) -> Result<PinOutcome, Unavailable> {
        for _ in 0..TRIES_MAX {
            let generation = self.next(known);
            let update = owned(self.table.update(key(document)), owner, generation);
            match self.updated(only_where_unpinned(update, known)).await? {
                None => return Ok(PinOutcome::Pinned(Pin { owner: owner.clone(), generation })),
                Some(PinRecord::Pinned(pin)) => return Ok(held(pin, owner)),
                Some(PinRecord::Unpinned(generation)) => known = Some(generation),
                Some(PinRecord::Absent) => known = None,
            }
        }
        Err(self.table.unavailable(format!("the pin of {document} keeps moving")))
    }

    fn next(&self, known: Option<Generation>) -> Generation {
        Generation(known.map_or_else(|| self.clock.unix_ms(), |before| before.0.saturating_add(1)))
    }

    /// Makes the update; `Some` of what stands instead where its condition does not hold.
    async fn updated(&self, update: UpdateItemFluentBuilder) -> Result<Option<PinRecord>, Unavailable> {
        match self.table.updated(update).await? {
            Conditional::Done(_) => Ok(None),
            Conditional::Refused(item) => {
                decode(&item).map(Some).map_err(|cause| self.table.unavailable(cause))
            }
        }
    }
}

#[async_trait::async_trait]
impl Pins for DynamoPins {
    async fn read(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        let item = self.table.read(key(document)).await?;
        match decode(&item).map_err(|cause| self.table.unavailable(cause))? {
            PinRecord::Pinned(pin) => Ok(Some(pin)),
            PinRecord::Unpinned(_) | PinRecord::Absent => Ok(None),
        }
    }

    async fn pin(&self, document: &DocumentKey, owner: &Owner) -> Result<PinOutcome, Unavailable> {
        self.pin_from(document, owner, None).await
    }

    async fn take_over(
        &self,
        document: &DocumentKey,
        dead: &Pin,
        owner: &Owner,
    ) -> Result<PinOutcome, Unavailable> {
        let generation = self.next(Some(dead.generation));
        let update = owned(self.table.update(key(document)), owner, generation);
        match self.updated(only_where_pinned(update, dead)).await? {
            None => Ok(PinOutcome::Pinned(Pin { owner: owner.clone(), generation })),
            Some(PinRecord::Pinned(pin)) => Ok(held(pin, owner)),
            Some(PinRecord::Unpinned(generation)) => self.pin_from(document, owner, Some(generation)).await,
            Some(PinRecord::Absent) => self.pin_from(document, owner, None).await,
        }
    }

    async fn unpin(&self, document: &DocumentKey, held: &Pin) -> Result<(), Unavailable> {
        let expires_unix_s = self.clock.unix_ms() / 1000 + KEPT_FOR.as_secs();
        let update = self
            .table
            .update(key(document))
            .update_expression("SET #expires = :expires REMOVE #node, #region, #relay")
            .expression_attribute_names("#expires", EXPIRES)
            .expression_attribute_names("#region", REGION)
            .expression_attribute_names("#relay", RELAY)
            .expression_attribute_values(":expires", number(expires_unix_s));
        self.updated(only_where_pinned(update, held)).await.map(drop)
    }
}

fn held(pin: Pin, asker: &Owner) -> PinOutcome {
    if pin.owner.node == asker.node { PinOutcome::Pinned(pin) } else { PinOutcome::HeldBy(pin) }
}

fn owned(update: UpdateItemFluentBuilder, owner: &Owner, generation: Generation) -> UpdateItemFluentBuilder {
    update
        .update_expression(
            "SET #node = :owner, #region = :region, #relay = :relay, #generation = :next REMOVE #expires",
        )
        .expression_attribute_names("#region", REGION)
        .expression_attribute_names("#relay", RELAY)
        .expression_attribute_names("#generation", GENERATION)
        .expression_attribute_names("#node", NODE)
        .expression_attribute_names("#expires", EXPIRES)
        .expression_attribute_values(":owner", text(encode_node(owner)))
        .expression_attribute_values(":region", text(owner.region.as_str()))
        .expression_attribute_values(":relay", text(&owner.relay))
        .expression_attribute_values(":next", number(generation.0))
}

fn only_where_unpinned(
    update: UpdateItemFluentBuilder,
    known: Option<Generation>,
) -> UpdateItemFluentBuilder {
    match known {
        None => update.condition_expression("attribute_not_exists(#generation)"),
        Some(generation) => update
            .condition_expression("attribute_not_exists(#node) AND #generation = :known")
            .expression_attribute_values(":known", number(generation.0)),
    }
}

fn only_where_pinned(update: UpdateItemFluentBuilder, pin: &Pin) -> UpdateItemFluentBuilder {
    update
        .condition_expression("#node = :pinned AND #generation = :known")
        .expression_attribute_names("#node", NODE)
        .expression_attribute_names("#generation", GENERATION)
        .expression_attribute_values(":pinned", text(encode_node(&pin.owner)))
        .expression_attribute_values(":known", number(pin.generation.0))
}
