//! Fair queue: a pure state machine for permits and for the parties who wait for them.
//!
//! There are two shares. The common one has all but the reserved permits; the reserved one has all
//! permits, and a queue of its own. Where both wait for a permit that both may get, they get turns.
//! Within a share, groups of parties are served round robin ([`Waiters`]). If the queue of a share
//! is full, a party of a group with fewer waiters evicts a waiter of the group with the most.
//! Turns alone would leave all permits to a party that holds them for long, so [`PartyShare`]
//! limits the permits of each party.

use std::collections::HashMap;
use std::hash::Hash;

use crate::share::{PartyShare, Share};
use crate::waiters::Waiters;

/// Limits of a [`FairSemaphore`](crate::FairSemaphore).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FairSemaphoreLimits {
    /// Maximum number of permits in use.
    pub permits: usize,
    /// Permits that only [`Share::Reserved`] gets. One is common at least.
    pub reserved_permits: usize,
    /// Maximum number of waiters of the common share, of all parties together.
    pub waiting: usize,
    /// The same of the reserved share. Beyond it, a party that does not wait yet takes a place of
    /// the common share.
    pub reserved_waiting: usize,
    /// Permits that one party may hold.
    pub party_share: PartyShare,
}

/// Usage of a [`FairSemaphore`](crate::FairSemaphore) at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemaphoreUsage {
    /// Permits in use.
    pub in_use: usize,
    /// Waiters.
    pub waiting: usize,
}

/// Permits and bounded queues of waiters `W`, which belong to parties with groups `K`.
///
/// INVARIANT: while a permit is free, no reserved waiter waits, and no common one unless the common
/// share has used up its permits; waiters of a party that has used up its own are excepted. No
/// waiter is added to `waiting + reserved_waiting` or more.
#[derive(Debug)]
pub(super) struct FairQueue<K, W> {
    limits: FairSemaphoreLimits,
    /// Permits in use, of both shares.
    in_use: usize,
    /// Permits in use by the common share.
    common_in_use: usize,
    /// Permits in use by each party, by the widest of its groups. Parties without permits are not
    /// kept.
    in_use_by_party: HashMap<K, usize>,
    common: Waiters<K, W>,
    reserved: Waiters<K, W>,
    /// Share of the waiter that got a permit last.
    last_served: Share,
    /// Last number given to a waiter or a position. Numbers are unique and ascending.
    last_number: u64,
}

/// A waiter that gets a permit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Served<K, W> {
    pub(super) share: Share,
    /// Widest group of the waiter.
    pub(super) party: K,
    pub(super) waiter: W,
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

impl<K: Clone + Eq + Hash, W> FairQueue<K, W> {
    pub(super) fn new(limits: FairSemaphoreLimits) -> Self {
        Self {
            limits,
            in_use: 0,
            common_in_use: 0,
            in_use_by_party: HashMap::new(),
            common: Waiters::new(),
            reserved: Waiters::new(),
            last_served: Share::Common,
            last_number: 0,
        }
    }

    /// Permits in use, and waiters, of both shares.
    pub(super) fn usage(&self) -> SemaphoreUsage {
        SemaphoreUsage {
            in_use: self.in_use,
            waiting: self.common.len() + self.reserved.len(),
        }
    }

    /// Replaces the limits. Permits in use and waiters that exceed the new ones stay. The caller
    /// gives the permits that become free to [`FairQueue::serve_next`].
    pub(super) fn set_limits(&mut self, limits: FairSemaphoreLimits) {
        self.limits = limits;
    }

    /// Takes a permit. Returns `false` if none is free for this share and this party.
    pub(super) fn try_acquire(&mut self, share: Share, party: &K) -> bool {
        let is_free = self.may_take(share, party);
        if is_free {
            self.take(share, party.clone());
        }
        is_free
    }

    /// Adds a waiter to the innermost of these groups, after [`FairQueue::try_acquire`] returned
    /// `false`. A full queue evicts the last waiter of the group with the most. If the groups of a
    /// reserved share are equal, a party that does not wait yet evicts a common waiter.
    ///
    /// Returns `None` if the queue is full and nothing is evicted.
    pub(super) fn enqueue(&mut self, share: Share, groups: &[K], waiter: W) -> Option<Enqueued<W>> {
        let evicted = if self.is_full(share) {
            Some(self.evict_for(share, groups)?)
        } else {
            None
        };
        let number = self.next_number();
        self.waiters(share).insert(groups, number, waiter);
        Some(Enqueued {
            id: WaitingId(number),
            evicted,
        })
    }

    /// Removes a waiter that gave up. Returns `None` if it is not in the queue any more.
    pub(super) fn cancel(
        &mut self,
        share: Share,
        groups: &[K],
        WaitingId(number): WaitingId,
    ) -> Option<W> {
        self.waiters(share).remove(groups, number)
    }

    /// Releases a permit of a party. The caller gives the permits that become free to
    /// [`FairQueue::serve_next`]. There may be two: the party has fewer now, and so may get another
    /// one beside the waiter that gets its permit.
    pub(super) fn release(&mut self, share: Share, party: &K) {
        self.in_use = self.in_use.saturating_sub(1);
        if share == Share::Common {
            self.common_in_use = self.common_in_use.saturating_sub(1);
        }
        if let Some(held) = self.in_use_by_party.get_mut(party) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.in_use_by_party.remove(party);
            }
        }
    }

    /// Takes a free permit for the waiter that is served next. Both shares get turns. Returns
    /// `None` if no permit is free, or no waiter may get it.
    pub(super) fn serve_next(&mut self) -> Option<Served<K, W>> {
        let shares = match self.last_served {
            Share::Common => [Share::Reserved, Share::Common],
            Share::Reserved => [Share::Common, Share::Reserved],
        };
        shares
            .into_iter()
            .find_map(|share| self.serve_next_of(share))
    }

    fn serve_next_of(&mut self, share: Share) -> Option<Served<K, W>> {
        let free = self.free(share);
        if free == 0 {
            return None;
        }
        let position = self.next_number();
        let Self {
            limits,
            in_use_by_party,
            common,
            reserved,
            ..
        } = self;
        let waiters = match share {
            Share::Common => common,
            Share::Reserved => reserved,
        };
        let may_be_served = |party: &K| {
            let held = in_use_by_party.get(party).copied().unwrap_or_default();
            limits.party_share.allows(held, free)
        };
        let (party, waiter) = waiters.pop_next_of(may_be_served, position)?;
        self.take(share, party.clone());
        self.last_served = share;
        Some(Served {
            share,
            party,
            waiter,
        })
    }

    /// Whether a permit is free that the party may take.
    fn may_take(&self, share: Share, party: &K) -> bool {
        let free = self.free(share);
        let held = || self.in_use_by_party.get(party).copied().unwrap_or_default();
        free > 0 && self.limits.party_share.allows(held(), free)
    }

    /// Free permits that the share may use.
    fn free(&self, share: Share) -> usize {
        let FairSemaphoreLimits {
            permits,
            reserved_permits,
            ..
        } = self.limits;
        let free = permits.saturating_sub(self.in_use);
        match share {
            Share::Reserved => free,
            Share::Common => {
                let common = permits.saturating_sub(reserved_permits).max(1);
                free.min(common.saturating_sub(self.common_in_use))
            }
        }
    }

    fn take(&mut self, share: Share, party: K) {
        self.in_use += 1;
        if share == Share::Common {
            self.common_in_use += 1;
        }
        *self.in_use_by_party.entry(party).or_default() += 1;
    }

    fn is_full(&self, share: Share) -> bool {
        let own = self.limits.reserved_waiting;
        match share {
            Share::Reserved => self.reserved.len() >= own,
            Share::Common => {
                let taken = self.reserved.len().saturating_sub(own);
                self.common.len() + taken >= self.limits.waiting
            }
        }
    }

    fn evict_for(&mut self, share: Share, groups: &[K]) -> Option<W> {
        let evicted = self.waiters(share).evict_for(groups);
        if evicted.is_none() && share == Share::Reserved && self.reserved.len_of(groups) == 0 {
            return self.common.evict_last();
        }
        evicted
    }

    fn waiters(&mut self, share: Share) -> &mut Waiters<K, W> {
        match share {
            Share::Common => &mut self.common,
            Share::Reserved => &mut self.reserved,
        }
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

    /// Queue of one share, whose parties are in one group each.
    struct OneShare(FairQueue<char, u32>);

    fn queue(permits: usize, waiting: usize) -> OneShare {
        OneShare(FairQueue::new(FairSemaphoreLimits {
            permits,
            reserved_permits: 0,
            waiting,
            reserved_waiting: 0,
            party_share: PartyShare::All,
        }))
    }

    /// Party of permits that are taken without waiting, where all parties may hold all permits.
    const ANY: char = '*';

    impl OneShare {
        fn try_acquire(&mut self) -> bool {
            self.0.try_acquire(Share::Common, &ANY)
        }

        fn enqueue(&mut self, user: &char, waiter: u32) -> Option<Enqueued<u32>> {
            self.0.enqueue(Share::Common, &[*user], waiter)
        }

        fn cancel(&mut self, user: &char, id: WaitingId) -> Option<u32> {
            self.0.cancel(Share::Common, &[*user], id)
        }

        fn release(&mut self) -> Option<u32> {
            self.0.release(Share::Common, &ANY);
            self.0.serve_next().map(|served| served.waiter)
        }
    }

    fn is_empty(OneShare(queue): &OneShare) -> bool {
        queue.in_use == 0 && queue.common.is_clean() && queue.reserved.is_clean()
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
                let OneShare(queue) = &queue;
                prop_assert_eq!((queue.in_use, queue.common.len()), (in_use, waiters.len()));
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

    /// Queue of two shares, whose parties are in one group each.
    struct TwoShares(FairQueue<char, u32>);

    fn two_shares(limits: [usize; 4]) -> TwoShares {
        let [permits, reserved_permits, waiting, reserved_waiting] = limits;
        TwoShares(FairQueue::new(FairSemaphoreLimits {
            permits,
            reserved_permits,
            waiting,
            reserved_waiting,
            party_share: PartyShare::All,
        }))
    }

    impl TwoShares {
        fn try_acquire(&mut self, share: Share) -> bool {
            self.0.try_acquire(share, &ANY)
        }

        fn enqueue(&mut self, share: Share, user: char, waiter: u32) -> Option<Enqueued<u32>> {
            self.0.enqueue(share, &[user], waiter)
        }

        fn cancel(&mut self, share: Share, user: char, id: WaitingId) -> Option<u32> {
            self.0.cancel(share, &[user], id)
        }

        fn release(&mut self, share: Share) -> Option<(Share, u32)> {
            self.0.release(share, &ANY);
            let served = self.0.serve_next()?;
            Some((served.share, served.waiter))
        }
    }

    #[test]
    fn reserved_permits_are_not_for_the_common_share() {
        let mut queue = two_shares([4, 1, 9, 9]);
        for share in [Share::Common; 3] {
            assert!(queue.try_acquire(share));
        }
        assert!(!queue.try_acquire(Share::Common));
        assert!(queue.enqueue(Share::Common, 'a', 1).is_some());
        assert!(queue.try_acquire(Share::Reserved));
        assert!(!queue.try_acquire(Share::Reserved));
        // The released permit is the reserved one.
        assert_eq!(queue.release(Share::Reserved), None);
        assert_eq!(queue.release(Share::Common), Some((Share::Common, 1)));
        // All others are for both shares.
        assert_eq!(queue.release(Share::Common), None);
        assert_eq!(queue.release(Share::Common), None);
        for free in [true, true, true, false] {
            assert_eq!(queue.try_acquire(Share::Reserved), free);
        }
    }

    #[test]
    fn shares_that_both_wait_get_turns() {
        let mut queue = two_shares([1, 0, 9, 9]);
        assert!(queue.try_acquire(Share::Common));
        for waiter in [1, 2, 3] {
            queue.enqueue(Share::Common, 'a', waiter).unwrap();
        }
        for waiter in [11, 12] {
            queue.enqueue(Share::Reserved, 'a', waiter).unwrap();
        }
        let mut held = Share::Common;
        let mut served = Vec::new();
        while let Some((share, waiter)) = queue.release(held) {
            served.push(waiter);
            held = share;
        }
        assert_eq!(served, [11, 1, 12, 2, 3]);
    }

    #[test]
    fn reserved_party_evicts_common_waiter_before_it_is_refused() {
        let mut queue = two_shares([1, 0, 3, 2]);
        assert!(queue.try_acquire(Share::Common));
        for (share, party, waiter, outcome) in [
            (Share::Common, 'x', 1, Some(None)),
            (Share::Common, 'x', 2, Some(None)),
            (Share::Common, 'y', 3, Some(None)),
            (Share::Common, 'z', 4, Some(Some(2))),
            (Share::Common, 'v', 5, None),
            // Two places are reserved, whatever the others do.
            (Share::Reserved, 'a', 11, Some(None)),
            (Share::Reserved, 'b', 12, Some(None)),
            // A party that waits already takes no place of the common share.
            (Share::Reserved, 'a', 13, None),
            (Share::Reserved, 'c', 14, Some(Some(4))),
            (Share::Reserved, 'd', 15, Some(Some(3))),
            (Share::Common, 'v', 6, None),
            (Share::Reserved, 'e', 16, Some(Some(1))),
            // Only parties of the reserved share wait.
            (Share::Reserved, 'f', 17, None),
        ] {
            let enqueued = queue.enqueue(share, party, waiter);
            assert_eq!(enqueued.map(|it| it.evicted), outcome, "{waiter}");
        }
        let TwoShares(queue) = &queue;
        assert_eq!((queue.common.len(), queue.reserved.len()), (0, 5));
    }

    fn share() -> impl Strategy<Value = Share> {
        prop::sample::select(vec![Share::Common, Share::Reserved])
    }

    proptest! {
        #[test]
        fn shares_keep_their_permits_and_places(
            permits in 1..5usize,
            reserved_permits in 0..5usize,
            waiting in 0..5usize,
            reserved_waiting in 0..5usize,
            events in prop::collection::vec((share(), event()), 0..200),
        ) {
            let mut queue = two_shares([permits, reserved_permits, waiting, reserved_waiting]);
            let common_permits = permits.saturating_sub(reserved_permits).max(1);
            let mut held: Vec<Share> = Vec::new();
            let mut waiters: Vec<(Share, char, u32, WaitingId)> = Vec::new();
            let names = &mut (0..);
            for (share, event) in events {
                match event {
                    Event::Arrive(_) if queue.try_acquire(share) => held.push(share),
                    Event::Arrive(user) => {
                        let name = names.next().unwrap();
                        let waits = waiters.iter().any(|it| (it.0, it.1) == (share, user));
                        let commons = waiters.iter().filter(|it| it.0 == Share::Common).count();
                        match queue.enqueue(share, user, name) {
                            None => {
                                // A reserved party without a waiter is refused after all others.
                                let is_last = share == Share::Common || waits || commons == 0;
                                prop_assert!(is_last);
                            }
                            Some(Enqueued { id, evicted }) => {
                                waiters.retain(|it| Some(it.2) != evicted);
                                waiters.push((share, user, name, id));
                            }
                        }
                    }
                    Event::Cancel(index) if !waiters.is_empty() => {
                        let (share, user, name, id) = waiters.remove(index % waiters.len());
                        prop_assert_eq!(queue.cancel(share, user, id), Some(name));
                        prop_assert_eq!(queue.cancel(share, user, id), None);
                    }
                    Event::Release if !held.is_empty() => {
                        let share = held.remove(0);
                        if let Some((share, name)) = queue.release(share) {
                            held.push(share);
                            waiters.retain(|it| it.2 != name);
                        }
                    }
                    Event::Cancel(_) | Event::Release => {}
                }
                let count = |share| held.iter().filter(|it| **it == share).count();
                let waits = |share| waiters.iter().filter(|it| it.0 == share).count();
                let (common, reserved) = (waits(Share::Common), waits(Share::Reserved));
                prop_assert!(held.len() <= permits && count(Share::Common) <= common_permits);
                prop_assert!(common + reserved.saturating_sub(reserved_waiting) <= waiting);
                if held.len() < permits {
                    prop_assert_eq!(reserved, 0);
                    prop_assert!(common == 0 || count(Share::Common) == common_permits);
                }
                let TwoShares(counts) = &queue;
                let counted = (counts.in_use, counts.common.len(), counts.reserved.len());
                prop_assert_eq!(counted, (held.len(), common, reserved));
            }
            while let Some(share) = held.pop() {
                held.extend(queue.release(share).map(|(share, _)| share));
            }
            let TwoShares(queue) = &queue;
            prop_assert!(queue.common.is_clean() && queue.reserved.is_clean());
            prop_assert_eq!((queue.in_use, queue.common_in_use), (0, 0));
        }
    }

    fn fewer_than_free(permits: usize, reserved_permits: usize) -> FairQueue<char, u32> {
        FairQueue::new(FairSemaphoreLimits {
            permits,
            reserved_permits,
            waiting: 100,
            reserved_waiting: 100,
            party_share: PartyShare::FewerThanFree,
        })
    }

    /// Parties that want all permits get one after the other, in turn.
    #[test]
    fn parties_that_want_all_permits_leave_a_part_free() {
        for (permits, parties, each, free) in [
            (1, "a", 1, 0),
            (2, "a", 1, 1),
            (3, "a", 2, 1),
            (64, "a", 32, 32),
            (64, "ab", 21, 22),
            (64, "abc", 16, 16),
            (64, "abcdefg", 8, 8),
            (10_000, "a", 5_000, 5_000),
        ] {
            let mut queue = fewer_than_free(permits, 0);
            for _ in 0..permits {
                for party in parties.chars() {
                    queue.try_acquire(Share::Common, &party);
                }
            }
            for party in parties.chars() {
                let held = queue.in_use_by_party[&party];
                assert!(
                    (each..=each + 1).contains(&held),
                    "{permits} {parties}: {held}"
                );
            }
            assert!(
                queue.free(Share::Common).abs_diff(free) <= 1,
                "{permits} {parties}"
            );
            assert_eq!(queue.try_acquire(Share::Common, &'z'), free > 0);
        }
    }

    #[test]
    fn released_permit_of_a_party_may_serve_two_waiters() {
        let mut queue = fewer_than_free(3, 0);
        assert!(queue.try_acquire(Share::Common, &'a') && queue.try_acquire(Share::Common, &'a'));
        assert!(
            !queue.try_acquire(Share::Common, &'a'),
            "one is left for others"
        );
        queue.enqueue(Share::Common, &['a'], 1).unwrap();
        assert_eq!(queue.serve_next(), None);
        assert!(queue.try_acquire(Share::Common, &'b'));
        queue.enqueue(Share::Common, &['b'], 2).unwrap();
        assert_eq!(queue.serve_next(), None);
        let mut release = |party| {
            queue.release(Share::Common, &party);
            let served = std::iter::from_fn(|| queue.serve_next());
            served.map(|it| it.waiter).collect::<Vec<_>>()
        };
        // Of two permits, 'a' has one and one is free: that is no more than 'a' has.
        assert_eq!(release('b'), [2]);
        assert_eq!(release('a'), [0; 0]);
        assert_eq!(release('b'), [1]);
    }

    proptest! {
        /// No party waits for a permit that it may take, and none takes as many as it leaves.
        #[test]
        fn parties_hold_fewer_permits_than_are_free(
            permits in 1..20usize,
            reserved_permits in 0..6usize,
            events in prop::collection::vec((share(), event()), 0..300),
        ) {
            let mut queue = fewer_than_free(permits, reserved_permits);
            let mut held: Vec<(Share, char)> = Vec::new();
            let mut waiters: Vec<(Share, char, u32, WaitingId)> = Vec::new();
            let names = &mut (0..);
            for (share, event) in events {
                match event {
                    Event::Arrive(party) => {
                        let free = queue.free(share);
                        let own = held.iter().filter(|it| it.1 == party).count();
                        let is_taken = queue.try_acquire(share, &party);
                        prop_assert_eq!(is_taken, own < free);
                        if is_taken {
                            held.push((share, party));
                        } else {
                            let name = names.next().unwrap();
                            if let Some(it) = queue.enqueue(share, &[party], name) {
                                waiters.retain(|waiter| Some(waiter.2) != it.evicted);
                                waiters.push((share, party, name, it.id));
                            }
                        }
                    }
                    Event::Cancel(index) if !waiters.is_empty() => {
                        let (share, party, name, id) = waiters.remove(index % waiters.len());
                        prop_assert_eq!(queue.cancel(share, &[party], id), Some(name));
                    }
                    Event::Release if !held.is_empty() => {
                        let (share, party) = held.remove(0);
                        queue.release(share, &party);
                        while let Some(served) = queue.serve_next() {
                            held.push((served.share, served.party));
                            waiters.retain(|it| it.2 != served.waiter);
                        }
                    }
                    Event::Cancel(_) | Event::Release => {}
                }
                for (share, party, ..) in &waiters {
                    prop_assert!(!queue.may_take(*share, party), "{} waits for nothing", party);
                }
                for (party, count) in &queue.in_use_by_party {
                    prop_assert_eq!(held.iter().filter(|it| it.1 == *party).count(), *count);
                }
                prop_assert_eq!(queue.in_use_by_party.values().sum::<usize>(), held.len());
                prop_assert!(held.len() <= permits);
            }
        }
    }
}
