//! Fair queue of the writer: a pure state machine.
//!
//! Parties get turns in rotation, and the jobs of one party stay in order. A party has a bounded
//! share of the queue, and a full share refuses its own jobs only. If the whole queue is full, a
//! job evicts the last one of the party with the most.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::party::Party;

/// Limits of a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueueLimits {
    /// Jobs of one party that wait.
    pub(super) per_party: usize,
    /// Jobs of all parties that wait.
    pub(super) total: usize,
    /// Jobs of one party in a batch.
    pub(super) per_party_in_batch: usize,
    /// Rows that the jobs of a batch write. The last job may exceed it.
    pub(super) rows_in_batch: usize,
}

/// Waiting jobs `J` of parties.
///
/// INVARIANT: no party queue is empty; `turns` and `by_length` have every party queue once.
#[derive(Debug)]
pub(super) struct JobQueue<J> {
    limits: QueueLimits,
    waiting: usize,
    queues: HashMap<Party, VecDeque<(usize, J)>>,
    /// The parties in the order of their turns.
    turns: VecDeque<Party>,
    /// The parties by the number of their jobs.
    by_length: BTreeSet<(usize, Party)>,
}

/// Outcome of adding a job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed<J> {
    /// It waits.
    Waits,
    /// It waits, and this job of another party does not any more.
    Evicted(J),
    /// Its party has its share, or every party has about as many.
    Refused(J),
}

impl<J> JobQueue<J> {
    pub(super) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            waiting: 0,
            queues: HashMap::new(),
            turns: VecDeque::new(),
            by_length: BTreeSet::new(),
        }
    }

    /// Adds a job that writes this number of rows.
    pub(super) fn push(&mut self, party: Party, rows: usize, job: J) -> Pushed<J> {
        let own = self.queues.get(&party).map_or(0, VecDeque::len);
        if own >= self.limits.per_party {
            return Pushed::Refused(job);
        }
        let evicted = if self.waiting < self.limits.total {
            None
        } else {
            match self.evict(own) {
                None => return Pushed::Refused(job),
                evicted => evicted,
            }
        };
        self.queues.entry(party).or_default().push_back((rows, job));
        self.waiting += 1;
        if own == 0 {
            self.turns.push_back(party);
        }
        self.by_length.remove(&(own, party));
        self.by_length.insert((own + 1, party));
        evicted.map_or(Pushed::Waits, Pushed::Evicted)
    }

    /// Takes the jobs of the next transaction, in order.
    pub(super) fn take_batch(&mut self) -> Vec<J> {
        let mut batch = Vec::new();
        let mut rows = 0;
        for _ in 0..self.limits.per_party_in_batch {
            for _ in 0..self.turns.len() {
                let Some((written, job)) = self.take_next() else {
                    return batch;
                };
                batch.push(job);
                rows += written;
                if rows >= self.limits.rows_in_batch {
                    return batch;
                }
            }
        }
        batch
    }

    /// Takes the first job of the next party.
    fn take_next(&mut self) -> Option<(usize, J)> {
        let party = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&party)?;
        let length = queue.len();
        let job = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&party);
        } else {
            self.turns.push_back(party);
        }
        self.shorten(party, length);
        Some(job)
    }

    /// Removes the last job of the party with the most, if that party still has at least as many
    /// as one that has `own` and adds one. Otherwise the two would only swap places.
    fn evict(&mut self, own: usize) -> Option<J> {
        let (length, party) = self.by_length.last().copied()?;
        if length <= own + 1 {
            return None;
        }
        // More than one job, so the party keeps its turn.
        let (_, job) = self.queues.get_mut(&party)?.pop_back()?;
        self.shorten(party, length);
        Some(job)
    }

    /// Records that a party has one job less than `length`.
    fn shorten(&mut self, party: Party, length: usize) {
        self.waiting -= 1;
        self.by_length.remove(&(length, party));
        if length > 1 {
            self.by_length.insert((length - 1, party));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: QueueLimits = QueueLimits {
        per_party: 4,
        total: 6,
        per_party_in_batch: 2,
        rows_in_batch: 8,
    };

    fn party(name: u8) -> Party {
        Party::of(&[name])
    }

    fn drain(queue: &mut JobQueue<u32>) -> Vec<Vec<u32>> {
        std::iter::from_fn(|| Some(queue.take_batch()).filter(|batch| !batch.is_empty())).collect()
    }

    fn is_empty(queue: &JobQueue<u32>) -> bool {
        queue.waiting == 0
            && queue.queues.is_empty()
            && queue.turns.is_empty()
            && queue.by_length.is_empty()
    }

    #[test]
    fn parties_are_served_in_rotation_and_in_order() {
        let mut queue = JobQueue::new(LIMITS);
        for (name, job) in [
            (b'a', 1),
            (b'a', 2),
            (b'a', 3),
            (b'b', 4),
            (b'c', 5),
            (b'b', 6),
        ] {
            assert_eq!(queue.push(party(name), 1, job), Pushed::Waits);
        }
        assert_eq!(drain(&mut queue), [vec![1, 4, 5, 2, 6], vec![3]]);
        assert!(is_empty(&queue));
    }

    #[test]
    fn full_share_refuses_its_party_only() {
        let mut queue = JobQueue::new(LIMITS);
        for job in 0..40 {
            let pushed = queue.push(party(b'a'), 1, job);
            let expected = if job < 4 {
                Pushed::Waits
            } else {
                Pushed::Refused(job)
            };
            assert_eq!(pushed, expected);
        }
        assert_eq!(queue.push(party(b'b'), 1, 40), Pushed::Waits);
        assert_eq!(drain(&mut queue), [vec![0, 40, 1], vec![2, 3]]);
    }

    #[test]
    fn full_queue_evicts_from_heaviest_party() {
        let mut queue = JobQueue::new(LIMITS);
        for (name, job, expected) in [
            (b'a', 1, Pushed::Waits),
            (b'a', 2, Pushed::Waits),
            (b'a', 3, Pushed::Waits),
            (b'a', 4, Pushed::Waits),
            (b'b', 5, Pushed::Waits),
            (b'b', 6, Pushed::Waits),
            // Full.
            (b'b', 7, Pushed::Evicted(4)),
            (b'b', 8, Pushed::Refused(8)),
            (
                b'c',
                9,
                Pushed::Evicted(if party(b'a') > party(b'b') { 3 } else { 7 }),
            ),
        ] {
            assert_eq!(queue.push(party(name), 1, job), expected, "{job}");
        }
        assert_eq!(queue.waiting, 6);
        drain(&mut queue);
        assert!(is_empty(&queue));
    }

    #[test]
    fn batch_ends_after_its_rows() {
        let mut queue = JobQueue::new(LIMITS);
        for (name, rows, job) in [(b'a', 7, 1), (b'a', 1, 2), (b'b', 64, 3), (b'c', 1, 4)] {
            assert_eq!(queue.push(party(name), rows, job), Pushed::Waits);
        }
        assert_eq!(drain(&mut queue), [vec![1, 3], vec![4, 2]]);
        assert!(is_empty(&queue));
    }
}
