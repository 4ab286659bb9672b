//! Who has a turn at a farm, and who is next: pure, so that its rule can be tested by itself.
//!
//! FairSemaphore go round by user, and within one user to who came first. So a user who asks a hundred
//! times at once waits for the hundred, and everybody else only for one of them. The places to wait
//! in go to whoever has fewest of them, so that who fills the queue keeps nobody else out of it.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// How much may be going on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// FairSemaphore that are taken at the same time.
    pub(crate) turns: usize,
    /// Waiters behind them, of all users together.
    pub(crate) waiting: usize,
}

/// FairSemaphore, and a queue behind them, of users `U` and waiters `W`.
///
/// INVARIANT: nobody waits while a turn is free, no line is empty, and `round` has every line once.
#[derive(Debug)]
pub(super) struct Queue<U, W> {
    bounds: Bounds,
    taken: usize,
    waiting: usize,
    lines: HashMap<U, Line<W>>,
    /// The users who wait, by their places in the round: the least is next.
    round: BTreeMap<u64, U>,
    /// Every place is a number of its own, so that a later one is greater.
    next: u64,
}

/// The waiters of one user.
#[derive(Debug)]
struct Line<W> {
    place: u64,
    waiters: BTreeMap<u64, W>,
}

/// What comes of somebody who may wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Admitted<W> {
    pub(super) place: Place,
    /// Who had to go for it, and waits no more.
    pub(super) pushed_out: Option<W>,
}

/// Where somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u64);

impl<U: Clone + Eq + Hash, W> Queue<U, W> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            taken: 0,
            waiting: 0,
            lines: HashMap::new(),
            round: BTreeMap::new(),
            next: 0,
        }
    }

    /// Takes a turn, if one is free.
    pub(super) fn take(&mut self) -> bool {
        let free = self.taken < self.bounds.turns;
        if free {
            self.taken += 1;
        }
        free
    }

    /// Lets somebody wait for a turn, when [`Queue::take`] had none. When the queue is full, the last
    /// waiter of the longest line has to go for it.
    ///
    /// Nothing when no line is longer than the one of this user would be.
    pub(super) fn wait(&mut self, user: &U, waiter: W) -> Option<Admitted<W>> {
        let pushed_out = if self.waiting < self.bounds.waiting {
            None
        } else {
            Some(self.make_room(user)?)
        };
        self.waiting += 1;
        let number = self.number();
        let round = &mut self.round;
        let line = self.lines.entry(user.clone()).or_insert_with(|| {
            round.insert(number, user.clone());
            Line {
                place: number,
                waiters: BTreeMap::new(),
            }
        });
        line.waiters.insert(number, waiter);
        Some(Admitted {
            place: Place(number),
            pushed_out,
        })
    }

    /// Takes somebody who gave up out of the queue. Nothing when it is their turn already.
    pub(super) fn leave(&mut self, user: &U, Place(number): Place) -> Option<W> {
        let line = self.lines.get_mut(user)?;
        let waiter = line.waiters.remove(&number)?;
        if line.waiters.is_empty() {
            self.round.remove(&line.place);
            self.lines.remove(user);
        }
        self.waiting -= 1;
        Some(waiter)
    }

    /// Ends a turn, and gives the waiter who has it now.
    pub(super) fn end(&mut self) -> Option<W> {
        let Some((_, user)) = self.round.pop_first() else {
            self.taken = self.taken.saturating_sub(1);
            return None;
        };
        let place = self.number();
        let line = self.lines.get_mut(&user)?;
        let (_, waiter) = line.waiters.pop_first()?;
        self.waiting -= 1;
        if line.waiters.is_empty() {
            self.lines.remove(&user);
        } else {
            line.place = place;
            self.round.insert(place, user);
        }
        Some(waiter)
    }

    /// Takes the last waiter of the longest line out of the queue, if that line stays longer than the
    /// one of this user is now; else who is refused here would only change places with somebody.
    fn make_room(&mut self, user: &U) -> Option<W> {
        let own = self.lines.get(user).map_or(0, |line| line.waiters.len());
        let ends = self.lines.iter().filter_map(|(user, line)| {
            let (last, _) = line.waiters.last_key_value()?;
            Some((line.waiters.len(), *last, user))
        });
        // Of several lines that are as long, the one that somebody has joined last.
        let (length, last, longest) = ends.max_by_key(|(length, last, _)| (*length, *last))?;
        if length <= own + 1 {
            return None;
        }
        let longest = longest.clone();
        self.leave(&longest, Place(last))
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn queue(turns: usize, waiting: usize) -> Queue<char, u32> {
        Queue::new(Bounds { turns, waiting })
    }

    fn is_empty(queue: &Queue<char, u32>) -> bool {
        queue.taken == 0 && queue.waiting == 0 && queue.lines.is_empty() && queue.round.is_empty()
    }

    #[test]
    fn turns_go_round_by_user_and_in_order_within_one() {
        let mut queue = queue(1, 9);
        assert!(queue.take());
        for (user, waiter) in [('a', 1), ('a', 2), ('a', 3), ('b', 4), ('c', 5), ('b', 6)] {
            assert!(!queue.take());
            assert!(queue.wait(&user, waiter).is_some());
        }
        let served: Vec<_> = std::iter::from_fn(|| queue.end()).collect();
        assert_eq!(served, [1, 4, 5, 2, 6, 3]);
        assert!(is_empty(&queue));
    }

    #[test]
    fn a_queue_that_is_full_of_as_many_users_takes_nobody_until_somebody_leaves() {
        let mut queue = queue(1, 1);
        assert!(queue.take());
        let place = queue.wait(&'a', 1).unwrap().place;
        assert_eq!(queue.wait(&'b', 2), None);
        assert_eq!(queue.leave(&'a', place), Some(1));
        assert_eq!(queue.leave(&'a', place), None);
        assert!(queue.wait(&'b', 2).is_some());
        assert_eq!(queue.end(), Some(2));
        assert_eq!(queue.end(), None);
        assert!(is_empty(&queue));
    }

    #[test]
    fn who_fills_the_queue_makes_room_for_those_who_have_less_of_it() {
        let mut queue = queue(1, 4);
        assert!(queue.take());
        for (user, waiter, outcome) in [
            ('a', 1, Some(None)),
            ('a', 2, Some(None)),
            ('a', 3, Some(None)),
            ('a', 4, Some(None)),
            // Full, and of one user only.
            ('a', 5, None),
            ('b', 6, Some(Some(4))),
            ('b', 7, Some(Some(3))),
            // Two and two.
            ('a', 8, None),
            ('b', 9, None),
            // Of two lines that are as long, the one that was joined last.
            ('c', 10, Some(Some(7))),
            ('d', 11, Some(Some(2))),
            // One each.
            ('e', 12, None),
        ] {
            let admitted = queue.wait(&user, waiter);
            assert_eq!(admitted.map(|it| it.pushed_out), outcome, "{waiter}");
        }
        let served: Vec<_> = std::iter::from_fn(|| queue.end()).collect();
        assert_eq!(served, [1, 6, 10, 11]);
        assert!(is_empty(&queue));
    }

    #[test]
    fn a_queue_of_no_length_serves_who_finds_a_turn() {
        let mut queue = queue(2, 0);
        assert!(queue.take() && queue.take() && !queue.take());
        assert_eq!(queue.wait(&'a', 1), None);
        assert_eq!(queue.end(), None);
        assert!(queue.take());
    }

    /// What may happen to a queue.
    #[derive(Debug, Clone)]
    enum Event {
        Arrive(char),
        Leave(usize),
        End,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => prop::sample::select(vec!['a', 'b', 'c', 'd']).prop_map(Event::Arrive),
            2 => any::<usize>().prop_map(Event::Leave),
            3 => Just(Event::End),
        ]
    }

    proptest! {
        #[test]
        fn the_bounds_hold_nobody_starves_and_nothing_is_left_behind(
            turns in 1..4usize,
            waiting in 0..8usize,
            events in prop::collection::vec(event(), 0..200),
        ) {
            let mut queue = queue(turns, waiting);
            let mut taken = 0;
            // Who waits, in the order of arrival: user, waiter, place, and who was served since.
            let mut waiters: Vec<(char, u32, Place, Vec<char>)> = Vec::new();
            let names = &mut (0..);
            for event in events {
                match event {
                    Event::Arrive(_) if queue.take() => {
                        prop_assert!(waiters.is_empty(), "a turn was free");
                        taken += 1;
                    }
                    Event::Arrive(user) => {
                        let name = names.next().unwrap();
                        let length = |user| waiters.iter().filter(|w| w.0 == user).count();
                        let longest = ['a', 'b', 'c', 'd'].map(length).into_iter().max();
                        let (own, longest) = (length(user), longest.unwrap());
                        let full = waiters.len() == waiting;
                        let admitted = queue.wait(&user, name);
                        prop_assert_eq!(admitted.is_some(), !full || longest > own + 1);
                        if let Some(Admitted { place, pushed_out }) = admitted {
                            prop_assert_eq!(pushed_out.is_some(), full);
                            if let Some(name) = pushed_out {
                                let index = waiters.iter().position(|w| w.1 == name).unwrap();
                                prop_assert_eq!(length(waiters[index].0), longest);
                                let (user, _, place, _) = waiters.remove(index);
                                // The last of its line, and it cannot leave once more.
                                prop_assert!(!waiters[index..].iter().any(|w| w.0 == user));
                                prop_assert_eq!(queue.leave(&user, place), None);
                            }
                            waiters.push((user, name, place, Vec::new()));
                        }
                    }
                    Event::Leave(_) if waiters.is_empty() => {}
                    Event::Leave(index) => {
                        let index = index % waiters.len();
                        let (user, name, place, _) = waiters.remove(index);
                        prop_assert_eq!(queue.leave(&user, place), Some(name));
                    }
                    Event::End if taken == 0 => {}
                    Event::End => match queue.end() {
                        None => {
                            prop_assert!(waiters.is_empty());
                            taken -= 1;
                        }
                        Some(name) => {
                            let index = waiters.iter().position(|w| w.1 == name).unwrap();
                            let (user, _, _, passed) = waiters.remove(index);
                            // Of one user the first is served, and no other user twice meanwhile.
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
                prop_assert!(taken <= turns && waiters.len() <= waiting);
                prop_assert_eq!((queue.taken, queue.waiting), (taken, waiters.len()));
            }
            let mut left: VecDeque<_> = waiters.into();
            while let Some((user, name, place, _)) = left.pop_back() {
                prop_assert_eq!(queue.leave(&user, place), Some(name));
            }
            for _ in 0..taken {
                prop_assert_eq!(queue.end(), None);
            }
            prop_assert!(is_empty(&queue));
        }
    }
}
