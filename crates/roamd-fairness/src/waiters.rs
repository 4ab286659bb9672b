//! Waiters of groups within groups.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Waiters `W` in groups with keys `K`. Each group has either inner groups or waiters.
///
/// The inner groups are served round robin, and the waiters of an innermost group in order of
/// arrival. A group with a hundred waiters waits for all of them; every other group next to it
/// waits for one of them at most.
///
/// INVARIANT: no inner group is empty, and `round_robin` has each of them once.
#[derive(Debug)]
pub(super) struct Waiters<K, W> {
    /// Waiters in this group and all inner ones.
    len: usize,
    /// Number of the waiter that joined last.
    last_joined: u64,
    inner: HashMap<K, InnerGroup<K, W>>,
    /// Inner groups in round-robin order; the smallest position is served next.
    round_robin: BTreeMap<u64, K>,
    /// Waiters of an innermost group, by number.
    waiters: BTreeMap<u64, W>,
}

#[derive(Debug)]
struct InnerGroup<K, W> {
    /// Key of this group in `round_robin`.
    position: u64,
    waiters: Waiters<K, W>,
}

impl<K: Clone + Eq + Hash, W> Waiters<K, W> {
    pub(super) fn new() -> Self {
        Self {
            len: 0,
            last_joined: 0,
            inner: HashMap::new(),
            round_robin: BTreeMap::new(),
            waiters: BTreeMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether not even an empty group is left.
    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        self.len == 0 && self.inner.is_empty() && self.round_robin.is_empty()
    }

    /// Number of waiters in the innermost group of these.
    pub(super) fn len_of(&self, groups: &[K]) -> usize {
        let Some((group, inner)) = groups.split_first() else {
            return self.len;
        };
        let group = self.inner.get(group);
        group.map_or(0, |group| group.waiters.len_of(inner))
    }

    /// Adds a waiter to the innermost of these groups. Numbers are unique and ascending.
    pub(super) fn insert(&mut self, groups: &[K], number: u64, waiter: W) {
        self.len += 1;
        self.last_joined = number;
        let Some((group, inner)) = groups.split_first() else {
            self.waiters.insert(number, waiter);
            return;
        };
        let round_robin = &mut self.round_robin;
        let group = self.inner.entry(group.clone()).or_insert_with(|| {
            round_robin.insert(number, group.clone());
            InnerGroup {
                position: number,
                waiters: Self::new(),
            }
        });
        group.waiters.insert(inner, number, waiter);
    }

    /// Removes a waiter. Returns `None` if it is not here any more.
    pub(super) fn remove(&mut self, groups: &[K], number: u64) -> Option<W> {
        let waiter = match groups.split_first() {
            None => self.waiters.remove(&number)?,
            Some((group, inner)) => {
                let waiters = &mut self.inner.get_mut(group)?.waiters;
                let waiter = waiters.remove(inner, number)?;
                self.remove_if_empty(group);
                waiter
            }
        };
        self.len -= 1;
        Some(waiter)
    }

    /// Removes the waiter that is served next. The groups that it belongs to are served again after
    /// all others, at `position`, a new number.
    fn pop_next(&mut self, position: u64) -> Option<W> {
        if self.round_robin.is_empty() {
            let (_, waiter) = self.waiters.pop_first()?;
            self.len -= 1;
            return Some(waiter);
        }
        let (_, waiter) = self.pop_next_of(|_| true, position)?;
        Some(waiter)
    }

    /// Removes the waiter that is served next among those of the inner groups that may be served,
    /// and returns it with its group.
    ///
    /// It looks at the groups that may not be served and wait longer, one after the other.
    pub(super) fn pop_next_of(
        &mut self,
        may_be_served: impl Fn(&K) -> bool,
        position: u64,
    ) -> Option<(K, W)> {
        let mut groups = self.round_robin.iter();
        let (turn, key) = groups.find(|(_, key)| may_be_served(key))?;
        let (turn, key) = (*turn, key.clone());
        let group = self.inner.get_mut(&key)?;
        let waiter = group.waiters.pop_next(position)?;
        group.position = position;
        self.round_robin.remove(&turn);
        self.round_robin.insert(position, key.clone());
        self.remove_if_empty(&key);
        self.len -= 1;
        Some((key, waiter))
    }

    /// Removes a waiter to make room for one of these groups: the last one of the group with the
    /// most waiters, if that group still has at least as many as the group of the new waiter
    /// afterwards. Otherwise the two would only swap places. The widest groups are compared first,
    /// then the groups within the new waiter's own group.
    ///
    /// Returns `None` if no other group has more waiters.
    pub(super) fn evict_for(&mut self, groups: &[K]) -> Option<W> {
        let (own, inner) = groups.split_first()?;
        let own_len = self.len_of(std::slice::from_ref(own));
        let (heaviest, len) = self.heaviest()?;
        let waiter = if len > own_len + 1 && heaviest != *own {
            self.evict_last_of(&heaviest)?
        } else {
            let waiters = &mut self.inner.get_mut(own)?.waiters;
            // The own group is not empty afterwards: a group of it keeps a waiter.
            waiters.evict_for(inner)?
        };
        self.len -= 1;
        Some(waiter)
    }

    /// Removes the last waiter of the group with the most, at each level.
    pub(super) fn evict_last(&mut self) -> Option<W> {
        let waiter = match self.heaviest() {
            Some((heaviest, _)) => self.evict_last_of(&heaviest)?,
            None => self.waiters.pop_last()?.1,
        };
        self.len -= 1;
        Some(waiter)
    }

    fn evict_last_of(&mut self, group: &K) -> Option<W> {
        let waiter = self.inner.get_mut(group)?.waiters.evict_last()?;
        self.remove_if_empty(group);
        Some(waiter)
    }

    /// The inner group with the most waiters, and their number. Of several, the one that a waiter
    /// joined last.
    fn heaviest(&self) -> Option<(K, usize)> {
        let groups = self.inner.iter();
        let (key, group) =
            groups.max_by_key(|(_, group)| (group.waiters.len, group.waiters.last_joined))?;
        Some((key.clone(), group.waiters.len))
    }

    fn remove_if_empty(&mut self, key: &K) {
        if let Some(group) = self.inner.get(key)
            && group.waiters.is_empty()
        {
            self.round_robin.remove(&group.position);
            self.inner.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waiters in groups of two levels. A waiter is named by its groups and its number.
    fn waiters(joining: &[(&str, u64)]) -> Waiters<char, u64> {
        let mut waiters = Waiters::new();
        for (groups, number) in joining {
            waiters.insert(&path(groups), *number, *number);
        }
        waiters
    }

    fn path(groups: &str) -> Vec<char> {
        groups.chars().collect()
    }

    #[test]
    fn each_level_is_served_round_robin() {
        let mut waiters = waiters(&[
            ("ax", 1),
            ("ax", 2),
            ("ay", 3),
            ("ay", 4),
            ("az", 5),
            ("bx", 6),
            ("bx", 7),
            ("c", 8),
        ]);
        let mut positions = 100..;
        let served: Vec<_> =
            std::iter::from_fn(|| waiters.pop_next(positions.next().unwrap())).collect();
        assert_eq!(served, [1, 6, 8, 3, 7, 5, 2, 4]);
        assert!(waiters.is_clean());
    }

    #[test]
    fn group_that_may_not_be_served_keeps_its_turn() {
        let mut waiters = waiters(&[("a", 1), ("a", 2), ("b", 3), ("b", 4), ("c", 5)]);
        let mut next = |group: char, position| {
            let may_be_served = |key: &char| *key >= group;
            waiters.pop_next_of(may_be_served, position)
        };
        assert_eq!(next('b', 10), Some(('b', 3)));
        assert_eq!(next('d', 11), None);
        assert_eq!(next('a', 12), Some(('a', 1)));
        assert_eq!(next('b', 13), Some(('c', 5)));
        assert_eq!(next('a', 14), Some(('b', 4)));
        assert_eq!(next('a', 15), Some(('a', 2)));
        assert!(waiters.is_clean());
    }

    #[test]
    fn widest_groups_are_compared_before_inner_ones() {
        // Three waiters in each of two inner groups of "a", four in "bx", one in "cx".
        let joining = [
            ("ax", 1),
            ("ax", 2),
            ("ax", 3),
            ("ay", 4),
            ("ay", 5),
            ("ay", 6),
            ("bx", 7),
            ("bx", 8),
            ("bx", 9),
            ("bx", 10),
            ("cx", 11),
        ];
        for (groups, evicted) in [
            // The widest group with the most waiters is "a", although "bx" is the largest inner
            // group.
            ("dx", Some(6)),
            ("cx", Some(6)),
            ("cy", Some(6)),
            ("bx", Some(6)),
            // No other widest group is larger than the own one: an inner group of it makes room.
            ("az", Some(6)),
            // Three and three would only swap places.
            ("ax", None),
        ] {
            let mut waiters = waiters(&joining);
            assert_eq!(waiters.evict_for(&path(groups)), evicted, "{groups}");
            let left = joining.len() - usize::from(evicted.is_some());
            assert_eq!(waiters.len(), left, "{groups}");
        }
        let mut equal = waiters(&[("ax", 1), ("bx", 2), ("by", 3), ("cx", 4), ("cx", 5)]);
        for (groups, evicted) in [("bz", None), ("cy", Some(5)), ("cx", None), ("bx", None)] {
            assert_eq!(equal.evict_for(&path(groups)), evicted, "{groups}");
        }
    }

    #[test]
    fn removed_waiters_leave_no_group_behind() {
        let mut waiters = waiters(&[("ax", 1), ("ay", 2), ("bx", 3)]);
        assert_eq!(waiters.len_of(&path("a")), 2);
        for (groups, number, removed) in [
            ("ay", 1, None),
            ("ax", 1, Some(1)),
            ("ax", 1, None),
            ("cx", 1, None),
            ("ay", 2, Some(2)),
        ] {
            assert_eq!(waiters.remove(&path(groups), number), removed, "{groups}");
        }
        assert_eq!((waiters.len(), waiters.len_of(&path("a"))), (1, 0));
        assert_eq!(waiters.evict_last(), Some(3));
        assert_eq!(waiters.evict_last(), None);
        assert!(waiters.is_clean());
    }
}
