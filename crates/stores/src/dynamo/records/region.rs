//! A region that a node was ever announced in. Regions are few, and are never forgotten.

use crate::dynamo::attributes::{Item, Key, SORT, Undecodable};
use domain::ids::Region;

/// The partition of all regions.
pub(in crate::dynamo) const PARTITION: &str = "REGION";

pub(in crate::dynamo) fn encode(region: &Region) -> Item {
    Item::at(Key::new(PARTITION, region.as_str()))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<Region, Undecodable> {
    Region::parse(item.text(SORT)?).map_err(|_| Undecodable::new(SORT, "a region"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::attributes::text;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_region_is_read_as_it_was_written(region in arbitrary::region()) {
            prop_assert_eq!(decode(&encode(&region)), Ok(region));
        }
    }

    #[test]
    fn what_is_no_region_is_named() {
        let item = Item::default().with(SORT, text("eu central"));
        assert_eq!(decode(&item), Err(Undecodable::new(SORT, "a region")));
    }
}
