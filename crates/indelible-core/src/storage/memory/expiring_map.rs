use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

/// Entries looked through before the map first clears out what has expired.
const FIRST_SWEEP: usize = 1024;

/// A map whose entries end at a time of their own.
///
/// What has expired is never seen again, and is cleared out whenever the map has doubled, so that it holds at most
/// about twice what is alive.
#[derive(Debug)]
pub(super) struct ExpiringMap<K, V> {
    entries: HashMap<K, Entry<V>>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    expires: Instant,
}

impl<K: Eq + Hash, V> ExpiringMap<K, V> {
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Instant) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).filter(|entry| entry.expires > now).map(|entry| &entry.value)
    }

    /// The value of `key` to be changed in place; its end stays where it is.
    pub(super) fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q, now: Instant) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.entries.get_mut(key).filter(|entry| entry.expires > now).map(|entry| &mut entry.value)
    }

    pub(super) fn insert(&mut self, key: K, value: V, expires: Instant, now: Instant) {
        if self.entries.len() >= self.sweep_at {
            self.entries.retain(|_, entry| entry.expires > now);
            self.sweep_at = FIRST_SWEEP.max(self.entries.len().saturating_mul(2));
        }
        self.entries.insert(key, Entry { value, expires });
    }

    pub(super) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.entries.remove(key);
    }
}

impl<K, V> Default for ExpiringMap<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), sweep_at: FIRST_SWEEP }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_entry_is_seen_until_its_end_and_not_at_it() {
        let (mut map, now) = (ExpiringMap::default(), Instant::now());
        let end = now + Duration::from_secs(10);
        map.insert("k", 1, end, now);
        assert_eq!(map.get("k", end - Duration::from_nanos(1)), Some(&1));
        assert_eq!(map.get("k", end), None);
        assert_eq!(map.get_mut("k", end), None);
    }

    #[test]
    fn changing_in_place_does_not_move_the_end_and_inserting_does() {
        let (mut map, now) = (ExpiringMap::default(), Instant::now());
        let end = now + Duration::from_secs(10);
        map.insert("k", 1, end, now);
        *map.get_mut("k", now).unwrap() += 1;
        assert_eq!((map.get("k", now), map.get("k", end)), (Some(&2), None));
        map.insert("k", 3, end + Duration::from_secs(1), now);
        assert_eq!(map.get("k", end), Some(&3));
        map.remove("k");
        assert_eq!(map.get("k", now), None);
    }

    #[test]
    fn what_has_expired_does_not_pile_up() {
        let (mut map, mut now) = (ExpiringMap::default(), Instant::now());
        map.insert(u32::MAX, (), now + Duration::from_secs(3600), now);
        for key in 0..10_000 {
            now += Duration::from_millis(1);
            map.insert(key, (), now + Duration::from_millis(10), now);
        }
        assert!(map.entries.len() <= FIRST_SWEEP, "{}", map.entries.len());
        assert!(map.get(&u32::MAX, now).is_some(), "what is alive stays");
    }
}
