use std::collections::HashMap;
use std::hash::Hash;

/// What was used of late, bounded by weight: when the young generation is full it becomes the old one, and the old one is
/// forgotten. Whatever is found in the old one is young again.
#[derive(Debug)]
pub(super) struct Generations<K, V> {
    weight_max: usize,
    young: HashMap<K, Weighed<V>>,
    young_weight: usize,
    old: HashMap<K, Weighed<V>>,
}

#[derive(Debug)]
struct Weighed<V> {
    value: V,
    weight: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Generations<K, V> {
    /// None yet, and at most `weight_max` in each of the two generations.
    pub(super) fn new(weight_max: usize) -> Self {
        Self { weight_max, young: HashMap::new(), young_weight: 0, old: HashMap::new() }
    }

    pub(super) fn find(&mut self, key: &K) -> Option<V> {
        if let Some(found) = self.young.get(key) {
            return Some(found.value.clone());
        }
        let Weighed { value, weight } = self.old.remove(key)?;
        self.insert(key.clone(), value.clone(), weight);
        Some(value)
    }

    pub(super) fn insert(&mut self, key: K, value: V, weight: usize) {
        if self.young_weight + weight > self.weight_max {
            self.old = std::mem::take(&mut self.young);
            self.young_weight = 0;
        }
        self.young_weight += weight;
        if let Some(replaced) = self.young.insert(key, Weighed { value, weight }) {
            self.young_weight -= replaced.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_bounded_and_what_is_in_use_stays() {
        let mut generations = Generations::new(300);
        generations.insert(0, "in use", 3);
        for n in 1..10_000 {
            generations.insert(n, "seen once", 3);
            assert!(n % 50 != 0 || generations.find(&0).is_some());
            assert!(generations.young.len() <= 100 && generations.old.len() <= 100);
            assert_eq!(generations.young_weight, generations.young.len() * 3);
        }
        assert_eq!(generations.find(&1), None);
    }
}
