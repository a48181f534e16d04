use crate::ports::Mark;
use std::collections::VecDeque;
use std::time::Duration;

/// Tokens of one purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lot {
    /// What gives them back.
    pub(super) mark: Mark,
    /// What they were bought under: a grant under this limit is one under every higher one too.
    pub(super) limit: u64,
    /// They may be spent before this moment.
    pub(super) until: Duration,
    pub(super) left: u64,
}

/// What lets one op pass. One that was not used must be put back.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(pub(super) Origin);

/// Where a token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From a lot, of which this is one.
    Bought(Lot),
    /// From the node's own share, in the slice that ends then.
    OwnShare(Duration),
}

impl Token {
    /// Whether the gate was away, and the op passes on the node's own share.
    #[must_use]
    pub fn is_of_own_share(self) -> bool {
        matches!(self.0, Origin::OwnShare(_))
    }
}

/// The tokens at hand, in the order in which they end.
#[derive(Debug, Default)]
pub(super) struct Lots {
    lots: VecDeque<Lot>,
    left: u64,
}

impl Lots {
    /// Adds a lot, or puts a part of one back.
    pub(super) fn put(&mut self, lot: Lot) {
        if lot.left == 0 {
            return;
        }
        self.left = self.left.saturating_add(lot.left);
        let same =
            |other: &&mut Lot| (other.mark, other.limit, other.until) == (lot.mark, lot.limit, lot.until);
        if let Some(same) = self.lots.iter_mut().find(same) {
            same.left += lot.left;
            return;
        }
        let place = self.lots.partition_point(|other| other.until <= lot.until);
        self.lots.insert(place, lot);
    }

    /// Takes one that was bought under `limit` or a lower one, of the lot that ends first.
    pub(super) fn take(&mut self, limit: u64, now: Duration) -> Option<Lot> {
        let found = self.lots.iter().position(|lot| lot.limit <= limit && now < lot.until)?;
        let lot = self.lots.get_mut(found)?;
        lot.left -= 1;
        self.left -= 1;
        let one = Lot { left: 1, ..*lot };
        if lot.left == 0 {
            self.lots.remove(found);
        }
        Some(one)
    }

    /// Takes out a lot that may not be spent any more.
    pub(super) fn take_ended(&mut self, now: Duration) -> Option<Lot> {
        if now < self.ends_at()? { None } else { self.take_oldest() }
    }

    /// Takes out the lot that ends first.
    pub(super) fn take_oldest(&mut self) -> Option<Lot> {
        let lot = self.lots.pop_front()?;
        self.left -= lot.left;
        Some(lot)
    }

    /// When the first of them ends.
    pub(super) fn ends_at(&self) -> Option<Duration> {
        self.lots.front().map(|lot| lot.until)
    }

    /// When the last of them ends.
    pub(super) fn last_until(&self) -> Option<Duration> {
        self.lots.back().map(|lot| lot.until)
    }

    /// Tokens of all lots.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    pub(super) fn len(&self) -> usize {
        self.lots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn lot(mark: u64, limit: u64, until_ms: u32, left: u64) -> Lot {
        Lot { mark: Mark(mark), limit, until: MS * until_ms, left }
    }

    #[test]
    fn what_ends_first_is_taken_first_and_nothing_at_its_end() {
        let mut lots = Lots::default();
        lots.put(lot(2, 10, 20, 1));
        lots.put(lot(1, 10, 10, 2));
        assert_eq!(lots.take(10, MS * 9).map(|lot| lot.mark), Some(Mark(1)));
        assert_eq!(lots.take(10, MS * 10).map(|lot| lot.mark), Some(Mark(2)));
        assert_eq!((lots.take(10, MS * 10), lots.left()), (None, 1));
        assert_eq!(lots.take_ended(MS * 10), Some(lot(1, 10, 10, 1)));
        assert_eq!((lots.left(), lots.ends_at()), (0, None));
    }

    #[test]
    fn a_token_of_a_higher_limit_serves_no_lower_one() {
        let mut lots = Lots::default();
        lots.put(lot(1, 10, 10, 1));
        assert_eq!(lots.take(9, MS), None);
        assert_eq!(lots.take(11, MS), Some(lot(1, 10, 10, 1)));
    }

    #[test]
    fn what_is_put_back_joins_its_lot() {
        let mut lots = Lots::default();
        lots.put(lot(1, 10, 10, 2));
        let one = lots.take(10, MS).unwrap();
        lots.put(one);
        assert_eq!((lots.len(), lots.left()), (1, 2));
        for _ in 0..2 {
            assert!(lots.take(10, MS).is_some());
        }
        lots.put(one);
        assert_eq!(lots.take(10, MS), Some(one), "though the lot was spent meanwhile");
    }
}
