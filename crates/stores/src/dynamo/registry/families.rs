use super::DynamoRegistry;
use crate::dynamo::attributes::{Item, PARTITION, bytes, number, text};
use crate::dynamo::records::pin::EXPIRES;
use crate::dynamo::records::refresh_family::{CLIENT, CURRENT, REVOKED, decode, encode, key};
use crate::dynamo::table::Conditional;
use domain::ids::FamilyId;
use domain::ports::{RefreshFamilies, Turn, Unavailable};
use domain::registry::{Presented, RefreshFamily};

#[async_trait::async_trait]
impl RefreshFamilies for DynamoRegistry {
    /// Only where it is new: a copy of the call that arrives late would bring its first token back.
    async fn begin(&self, family: &RefreshFamily) -> Result<(), Unavailable> {
        let put = self.families.put(encode(family)).condition_expression("attribute_not_exists(#pk)");
        self.families.replaced(put.expression_attribute_names("#pk", PARTITION)).await.map(drop)
    }

    /// The write takes effect where the token is good. Its refusal brings the family back, which says why.
    async fn turn(&self, turn: &Turn, now_unix_s: u64) -> Result<Presented, Unavailable> {
        match self.turned(turn, now_unix_s).await? {
            Conditional::Done(_) => Ok(Presented::Good),
            Conditional::Refused(item) => self.refused(turn, now_unix_s, &item).await,
        }
    }
}

impl DynamoRegistry {
    async fn turned(&self, turn: &Turn, now_unix_s: u64) -> Result<Conditional, Unavailable> {
        let update = self
            .families
            .update(key(&turn.family))
            .update_expression("SET #current = :next, #expires = :expires")
            .condition_expression(
                "#current = :spent AND #client = :client AND #expires > :now AND attribute_not_exists(#revoked)",
            )
            .expression_attribute_names("#current", CURRENT)
            .expression_attribute_names("#expires", EXPIRES)
            .expression_attribute_names("#client", CLIENT)
            .expression_attribute_names("#revoked", REVOKED)
            .expression_attribute_values(":next", bytes(turn.next))
            .expression_attribute_values(":expires", number(turn.expires_unix_s))
            .expression_attribute_values(":spent", bytes(turn.spent))
            .expression_attribute_values(":client", text(turn.client.as_str()))
            .expression_attribute_values(":now", number(now_unix_s));
        self.families.updated(update).await
    }

    async fn refused(&self, turn: &Turn, now_unix_s: u64, item: &Item) -> Result<Presented, Unavailable> {
        let family = decode(item).map_err(|cause| self.families.unavailable(cause))?;
        let Some(family) = family else { return Ok(Presented::Refused) };
        match family.presented(&turn.client, &turn.spent, &turn.next, now_unix_s) {
            Presented::Reused => {
                self.revoke(&turn.family).await?;
                Ok(Presented::Reused)
            }
            Presented::Good => Err(self.families.unavailable("a good token was refused")),
            presented => Ok(presented),
        }
    }

    /// A spent token never becomes the last one again, so whatever the family has become meanwhile, it is revoked. One
    /// that is gone stays gone.
    async fn revoke(&self, family: &FamilyId) -> Result<(), Unavailable> {
        let update = self
            .families
            .update(key(family))
            .update_expression("SET #revoked = :yes")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#revoked", REVOKED)
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_values(":yes", number(1u64));
        self.families.updated(update).await.map(drop)
    }
}
