//! What a node did in one minute.

use crate::dynamo::attributes::{Item, Key, SORT, Undecodable, number, text};
use domain::bounds::PLATFORM_MINUTES_KEPT;
use domain::ports::{NodeMinute, SAMPLES_PER_MINUTE, Writer};

use super::pin::EXPIRES;

/// The partition of all nodes' minutes.
pub(in crate::dynamo) const PARTITION: &str = "PLATFORM";

/// The last minute that has a sort key in its place.
const MINUTE_MAX: u64 = 9_999_999_999;
const CONNECTIONS: &str = "connections";
const OPS: &str = "ops";

/// How the sort keys of a minute begin, and what lies before all of them.
pub(in crate::dynamo) fn sort(minute: u64) -> String {
    format!("{:010}#", minute.min(MINUTE_MAX))
}

pub(in crate::dynamo) fn encode(noted: &NodeMinute) -> Item {
    let key = Key::new(PARTITION, format!("{}{}", sort(noted.minute), noted.writer));
    let expires_unix_s = noted.minute.saturating_add(PLATFORM_MINUTES_KEPT + 1).saturating_mul(60);
    let samples: Vec<_> = noted.connections.iter().map(u64::to_string).collect();
    Item::at(key)
        .with(CONNECTIONS, text(samples.join(" ")))
        .with(OPS, number(noted.ops))
        .with(EXPIRES, number(expires_unix_s))
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<NodeMinute, Undecodable> {
    let (minute, writer) = item.parsed(SORT, "a minute and a node", |sort| {
        let (minute, writer) = sort.split_once('#').ok_or(())?;
        let writer = u64::from_str_radix(writer, 16).map_err(|_| ())?;
        Ok::<_, ()>((minute.parse().map_err(|_| ())?, Writer(writer)))
    })?;
    let connections = item.parsed(CONNECTIONS, "samples of connections", parse_samples)?;
    Ok(NodeMinute { writer, minute, connections, ops: item.number(OPS)? })
}

fn parse_samples(text: &str) -> Result<[u64; SAMPLES_PER_MINUTE], ()> {
    let samples: Option<Vec<u64>> = text.split(' ').map(|sample| sample.parse().ok()).collect();
    samples.and_then(|samples| samples.try_into().ok()).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::arbitrary::{config, node_minute};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn a_minute_is_read_as_it_was_written(noted in node_minute()) {
            prop_assert_eq!(decode(&encode(&noted)), Ok(noted));
        }

        #[test]
        fn a_minute_lies_between_its_own_beginning_and_the_next(noted in node_minute()) {
            let item = encode(&noted);
            let at = item.text(SORT).unwrap();
            prop_assert!(at > &*sort(noted.minute));
            prop_assert!(noted.minute >= MINUTE_MAX || at < &*sort(noted.minute + 1));
        }
    }

    #[test]
    fn what_is_no_minute_is_refused() {
        let item = |sort: &str, samples: &str| {
            Item::at(Key::new(PARTITION, sort)).with(CONNECTIONS, text(samples)).with(OPS, number(1u64))
        };
        let samples = "1 2 3 4 5 6 7 8 9 10 11 12";
        assert!(decode(&item("0000000001#0f", samples)).is_ok());
        for bad in ["", "1", "#", "1#x", "x#1", "1#1#1"] {
            assert_eq!(
                decode(&item(bad, samples)),
                Err(Undecodable::new(SORT, "a minute and a node")),
                "{bad}"
            );
        }
        for bad in ["", "1 2 3", "1 2 3 4 5 6 7 8 9 10 11 x", "1 2 3 4 5 6 7 8 9 10 11 12 13"] {
            let expected = Undecodable::new(CONNECTIONS, "samples of connections");
            assert_eq!(decode(&item("1#1", bad)), Err(expected), "{bad}");
        }
    }
}
