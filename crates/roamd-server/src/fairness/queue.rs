//! Fair queue: a pure state machine for permits and for the users who wait for them.
//!
//! Users are served round robin, and the waiters of one user in order of arrival. A user with a
//! hundred waiters waits for all of them; every other user waits for one of them at most. If the
//! queue is full, a user with fewer waiters evicts a waiter of the user with the most.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Limits of a [`FairSemaphore`](super::semaphore::FairSemaphore).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FairSemaphoreLimits {
    /// Maximum number of permits in use.
    pub(crate) permits: usize,
    /// Maximum number of waiters, of all users together.
    pub(crate) waiting: usize,
}

/// Permits and a bounded queue of waiters `W`, which belong to users `U`.
///
/// INVARIANT: there are no waiters while a permit is free, no user queue is empty, and
/// `round_robin` has every user queue once.
#[derive(Debug)]
pub(super) struct FairQueue<U, W> {
    limits: FairSemaphoreLimits,
    /// Permits in use.
    in_use: usize,
    /// Waiters of all users.
    waiting: usize,
    queues: HashMap<U, UserQueue<W>>,
    /// Waiting users in round-robin order; the smallest position is served next.
    round_robin: BTreeMap<u64, U>,
    /// Last number given to a waiter or a position. Numbers are unique and ascending.
    last_number: u64,
}

/// Waiters of one user.
#[derive(Debug)]
struct UserQueue<W> {
    /// Key of this user in `round_robin`.
    position: u64,
    waiters: BTreeMap<u64, W>,
}

/// A waiter that was added to the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Enqueued<W> {
    /// Id to cancel the waiter with.
    pub(super) id: WaitingId,
    /// The waiter that was evicted to make room.
    pub(super) evicted: Option<W>,
}

/// Id of a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WaitingId(u64);

impl<U: Clone + Eq + Hash, W> FairQueue<U, W> {
    pub(super) fn new(limits: FairSemaphoreLimits) -> Self {
        Self {
            limits,
            in_use: 0,
            waiting: 0,
            queues: HashMap::new(),
            round_robin: BTreeMap::new(),
            last_number: 0,
        }
    }

    /// Takes a permit. Returns `false` if none is free.
    pub(super) fn try_acquire(&mut self) -> bool {
        let is_free = self.in_use < self.limits.permits;
        if is_free {
            self.in_use += 1;
        }
        is_free
    }

    /// Adds a waiter, after [`FairQueue::try_acquire`] returned `false`. A full queue evicts the
    /// last waiter of the user with the most.
    ///
    /// Returns `None` if the queue is full and every other user has at most as many waiters as this
    /// user would have.
    pub(super) fn enqueue(&mut self, user: &U, waiter: W) -> Option<Enqueued<W>> {
        let evicted = if self.waiting < self.limits.waiting {
            None
        } else {
            Some(self.evict_for(user)?)
        };
        self.waiting += 1;
        let number = self.next_number();
        let round_robin = &mut self.round_robin;
        let queue = self.queues.entry(user.clone()).or_insert_with(|| {
            round_robin.insert(number, user.clone());
            UserQueue {
                position: number,
                waiters: BTreeMap::new(),
            }
        });
        queue.waiters.insert(number, waiter);
        Some(Enqueued {
            id: WaitingId(number),
            evicted,
        })
    }

    /// Removes a waiter that gave up. Returns `None` if it is not in the queue any more.
    pub(super) fn cancel(&mut self, user: &U, WaitingId(number): WaitingId) -> Option<W> {
        let queue = self.queues.get_mut(user)?;
        let waiter = queue.waiters.remove(&number)?;
        if queue.waiters.is_empty() {
            self.round_robin.remove(&queue.position);
            self.queues.remove(user);
        }
        self.waiting -= 1;
        Some(waiter)
    }

    /// Releases a permit. Returns the waiter that gets it, or `None` if the permit is free now.
    pub(super) fn release(&mut self) -> Option<W> {
        let Some((_, user)) = self.round_robin.pop_first() else {
            self.in_use = self.in_use.saturating_sub(1);
            return None;
        };
        let position = self.next_number();
        let queue = self.queues.get_mut(&user)?;
        let (_, waiter) = queue.waiters.pop_first()?;
        self.waiting -= 1;
        if queue.waiters.is_empty() {
            self.queues.remove(&user);
        } else {
            queue.position = position;
            self.round_robin.insert(position, user);
        }
        Some(waiter)
    }

    /// Removes the last waiter of the user with the most, if that user still has at least as many
    /// as the waiting user afterwards. Otherwise the two would only swap places.
    fn evict_for(&mut self, user: &U) -> Option<W> {
        let own = self.queues.get(user).map_or(0, |queue| queue.waiters.len());
        let ends = self.queues.iter().filter_map(|(user, queue)| {
            let (last, _) = queue.waiters.last_key_value()?;
            Some((queue.waiters.len(), *last, user))
        });
        // Of several queues of the same length, the one that a waiter joined last.
        let (length, last, longest) = ends.max_by_key(|(length, last, _)| (*length, *last))?;
        if length <= own + 1 {
            return None;
        }
        let longest = longest.clone();
        self.cancel(&longest, WaitingId(last))
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn queue(permits: usize, waiting: usize) -> FairQueue<char, u32> {
        FairQueue::new(FairSemaphoreLimits { permits, waiting })
    }

    fn is_empty(queue: &FairQueue<char, u32>) -> bool {
        queue.in_use == 0
            && queue.waiting == 0
            && queue.queues.is_empty()
            && queue.round_robin.is_empty()
    }

    #[test]
    fn users_are_served_round_robin_and_in_order() {
        let mut queue = queue(1, 9);
        assert!(queue.try_acquire());
        for (user, waiter) in [('a', 1), ('a', 2), ('a', 3), ('b', 4), ('c', 5), ('b', 6)] {
            assert!(!queue.try_acquire());
            assert!(queue.enqueue(&user, waiter).is_some());
        }
        let served: Vec<_> = std::iter::from_fn(|| queue.release()).collect();
        assert_eq!(served, [1, 4, 5, 2, 6, 3]);
        assert!(is_empty(&queue));
    }

    #[test]
    fn full_queue_of_equal_users_rejects_until_one_leaves() {
        let mut queue = queue(1, 1);
        assert!(queue.try_acquire());
        let id = queue.enqueue(&'a', 1).unwrap().id;
        assert_eq!(queue.enqueue(&'b', 2), None);
        assert_eq!(queue.cancel(&'a', id), Some(1));
        assert_eq!(queue.cancel(&'a', id), None);
        assert!(queue.enqueue(&'b', 2).is_some());
        assert_eq!(queue.release(), Some(2));
        assert_eq!(queue.release(), None);
        assert!(is_empty(&queue));
    }

    #[test]
    fn full_queue_evicts_heaviest_user() {
        let mut queue = queue(1, 4);
        assert!(queue.try_acquire());
        for (user, waiter, outcome) in [
            ('a', 1, Some(None)),
            ('a', 2, Some(None)),
            ('a', 3, Some(None)),
            ('a', 4, Some(None)),
            // Full, with waiters of one user only.
            ('a', 5, None),
            ('b', 6, Some(Some(4))),
            ('b', 7, Some(Some(3))),
            // Two and two.
            ('a', 8, None),
            ('b', 9, None),
            // Of two queues of the same length, the one that a waiter joined last.
            ('c', 10, Some(Some(7))),
            ('d', 11, Some(Some(2))),
            // One each.
            ('e', 12, None),
        ] {
            let enqueued = queue.enqueue(&user, waiter);
            assert_eq!(enqueued.map(|it| it.evicted), outcome, "{waiter}");
        }
        let served: Vec<_> = std::iter::from_fn(|| queue.release()).collect();
        assert_eq!(served, [1, 6, 10, 11]);
        assert!(is_empty(&queue));
    }

    #[test]
    fn queue_without_length_serves_free_permits_only() {
        let mut queue = queue(2, 0);
        assert!(queue.try_acquire() && queue.try_acquire() && !queue.try_acquire());
        assert_eq!(queue.enqueue(&'a', 1), None);
        assert_eq!(queue.release(), None);
        assert!(queue.try_acquire());
    }

    /// Event of a random walk.
    #[derive(Debug, Clone)]
    enum Event {
        Arrive(char),
        Cancel(usize),
        Release,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => prop::sample::select(vec!['a', 'b', 'c', 'd']).prop_map(Event::Arrive),
            2 => any::<usize>().prop_map(Event::Cancel),
            3 => Just(Event::Release),
        ]
    }

    proptest! {
        #[test]
        fn limits_hold_and_no_waiter_starves_or_leaks(
            permits in 1..4usize,
            waiting in 0..8usize,
            events in prop::collection::vec(event(), 0..200),
        ) {
            let mut queue = queue(permits, waiting);
            let mut in_use = 0;
            // Waiters in order of arrival: user, name, id, and the users served since.
            let mut waiters: Vec<(char, u32, WaitingId, Vec<char>)> = Vec::new();
            let names = &mut (0..);
            for event in events {
                match event {
                    Event::Arrive(_) if queue.try_acquire() => {
                        prop_assert!(waiters.is_empty(), "a permit was free");
                        in_use += 1;
                    }
                    Event::Arrive(user) => {
                        let name = names.next().unwrap();
                        let length = |user| waiters.iter().filter(|w| w.0 == user).count();
                        let longest = ['a', 'b', 'c', 'd'].map(length).into_iter().max();
                        let (own, longest) = (length(user), longest.unwrap());
                        let full = waiters.len() == waiting;
                        let enqueued = queue.enqueue(&user, name);
                        prop_assert_eq!(enqueued.is_some(), !full || longest > own + 1);
                        if let Some(Enqueued { id, evicted }) = enqueued {
                            prop_assert_eq!(evicted.is_some(), full);
                            if let Some(name) = evicted {
                                let index = waiters.iter().position(|w| w.1 == name).unwrap();
                                prop_assert_eq!(length(waiters[index].0), longest);
                                let (user, _, id, _) = waiters.remove(index);
                                // The last of its user, and it cannot be cancelled any more.
                                prop_assert!(!waiters[index..].iter().any(|w| w.0 == user));
                                prop_assert_eq!(queue.cancel(&user, id), None);
                            }
                            waiters.push((user, name, id, Vec::new()));
                        }
                    }
                    Event::Cancel(_) if waiters.is_empty() => {}
                    Event::Cancel(index) => {
                        let index = index % waiters.len();
                        let (user, name, id, _) = waiters.remove(index);
                        prop_assert_eq!(queue.cancel(&user, id), Some(name));
                    }
                    Event::Release if in_use == 0 => {}
                    Event::Release => match queue.release() {
                        None => {
                            prop_assert!(waiters.is_empty());
                            in_use -= 1;
                        }
                        Some(name) => {
                            let index = waiters.iter().position(|w| w.1 == name).unwrap();
                            let (user, _, _, passed) = waiters.remove(index);
                            // The first waiter of its user is served, and no other user twice
                            // meanwhile.
                            prop_assert!(!waiters[..index].iter().any(|w| w.0 == user));
                            let own = passed.iter().filter(|other| **other == user).count();
                            for other in passed.iter().filter(|other| **other != user) {
                                let times = passed.iter().filter(|o| *o == other).count();
                                prop_assert!(times <= own + 1, "{:?} before {}", passed, user);
                            }
                            for waiter in &mut waiters {
                                waiter.3.push(user);
                            }
                        }
                    },
                }
                prop_assert!(in_use <= permits && waiters.len() <= waiting);
                prop_assert_eq!((queue.in_use, queue.waiting), (in_use, waiters.len()));
            }
            let mut left: VecDeque<_> = waiters.into();
            while let Some((user, name, id, _)) = left.pop_back() {
                prop_assert_eq!(queue.cancel(&user, id), Some(name));
            }
            for _ in 0..in_use {
                prop_assert_eq!(queue.release(), None);
            }
            prop_assert!(is_empty(&queue));
        }
    }
}
