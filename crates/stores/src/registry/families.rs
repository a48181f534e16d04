use domain::ids::FamilyId;
use domain::ports::Turn;
use domain::registry::{Presented, RefreshFamily};
use std::collections::BTreeMap;

/// Families that are held. Past it the one that expires first is forgotten, as if it had: its client has its secret
/// to ask anew with. Ten thousand take 3 MB in a file, which is written whole at each turn.
pub(crate) const FAMILIES_MAX: usize = 10_000;

/// Refresh families by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Families {
    by_id: BTreeMap<FamilyId, RefreshFamily>,
}

impl Families {
    /// Only where it is new: a copy of the call that arrives late would bring its first token back.
    pub(crate) fn begin(&mut self, family: &RefreshFamily) {
        self.by_id.entry(family.id.clone()).or_insert_with(|| family.clone());
        if self.by_id.len() > FAMILIES_MAX {
            let first = self.by_id.values().min_by_key(|family| family.expires_unix_s);
            if let Some(id) = first.map(|family| family.id.clone()) {
                self.by_id.remove(&id);
            }
        }
    }

    pub(crate) fn turn(&mut self, turn: &Turn, now_unix_s: u64) -> Presented {
        self.by_id.retain(|_, family| family.expires_unix_s > now_unix_s);
        let Some(family) = self.by_id.get_mut(&turn.family) else { return Presented::Refused };
        let presented = family.presented(&turn.client, &turn.spent, &turn.next, now_unix_s);
        match presented {
            Presented::Good => {
                family.current = turn.next;
                family.expires_unix_s = turn.expires_unix_s;
            }
            Presented::Reused => family.revoked = true,
            Presented::Repeated | Presented::Refused => {}
        }
        presented
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RefreshFamily> {
        self.by_id.values()
    }
}

impl FromIterator<RefreshFamily> for Families {
    fn from_iter<I: IntoIterator<Item = RefreshFamily>>(families: I) -> Self {
        Self { by_id: families.into_iter().map(|family| (family.id.clone(), family)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::ClientId;

    fn family(n: usize) -> RefreshFamily {
        RefreshFamily {
            id: FamilyId::parse(&format!("f{n}")).unwrap(),
            client: ClientId::parse("c").unwrap(),
            current: [1; 32],
            expires_unix_s: 1_000 + n as u64,
            revoked: false,
        }
    }

    fn turn(n: usize) -> Turn {
        let RefreshFamily { id, client, current, .. } = family(n);
        Turn { family: id, client, spent: current, next: [2; 32], expires_unix_s: 100_000 }
    }

    #[test]
    fn the_family_that_expires_first_goes_when_there_are_too_many() {
        let mut families: Families = (0..FAMILIES_MAX).map(family).collect();
        families.begin(&family(FAMILIES_MAX));
        assert_eq!(families.iter().count(), FAMILIES_MAX);
        assert_eq!(families.turn(&turn(0), 0), Presented::Refused);
        assert_eq!(families.turn(&turn(1), 0), Presented::Good);
    }

    #[test]
    fn expired_families_are_forgotten_at_the_next_turn() {
        let mut families: Families = (0..10).map(family).collect();
        assert_eq!(families.turn(&turn(9), 1_008), Presented::Good);
        assert_eq!(families.iter().count(), 1);
    }
}
