use super::DynamoAlerts;
use crate::alerts::kept;
use crate::dynamo::attributes::{number, text};
use crate::dynamo::records::event::{ID, SPREAD, decode, encode, key, name};
use crate::dynamo::records::listed::List;
use crate::dynamo::table::Conditional;
use domain::alerts::Event;
use domain::ports::{Added, Unavailable};

/// Events have one version: spread once, they stay it.
const VERSION: u64 = 0;

impl DynamoAlerts {
    /// Raised again at each run, for as long as the month lasts, most are there already: that costs a read, a tenth of what
    /// the two writes do.
    pub(super) async fn raise_event(&self, event: &Event) -> Result<Added, Unavailable> {
        let name = name(event);
        if !self.table.read(key(&name)).await?.is_empty() {
            return Ok(Added::Exists);
        }
        self.enlist(List::Unspread, &name, VERSION, kept::event_until_unix_s(event)).await?;
        self.add(encode(event)).await
    }

    /// An event that was never raised has only its name on the list: it is about to be raised, or its raiser is gone.
    pub(super) async fn unspread_events(&self) -> Result<Vec<Event>, Unavailable> {
        let names = self.names(List::Unspread).await?;
        let items = self.table.read_each(names.iter().map(|name| key(name))).await?;
        let mut unspread = Vec::with_capacity(items.len());
        for item in items {
            let Some(event) = self.table.legible(&item, decode(&item)) else { continue };
            if item.has(SPREAD) {
                self.strike(List::Unspread, &name(&event), VERSION).await?;
            } else {
                unspread.push(event);
            }
        }
        Ok(unspread)
    }

    pub(super) async fn spread_event(&self, event: &Event) -> Result<(), Unavailable> {
        let name = name(event);
        let update = self
            .table
            .update(key(&name))
            .update_expression("SET #spread = :yes")
            .condition_expression("#id = :id")
            .expression_attribute_names("#spread", SPREAD)
            .expression_attribute_names("#id", ID)
            .expression_attribute_values(":yes", number(1u64))
            .expression_attribute_values(":id", text(event.id.as_str()));
        match self.table.updated(update).await? {
            Conditional::Done(_) => self.strike(List::Unspread, &name, VERSION).await,
            Conditional::Refused(_) => Ok(()),
        }
    }
}
