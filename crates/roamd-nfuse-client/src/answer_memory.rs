//! Memory for the responses of farms, from the first byte until the list made of them is merged.
//!
//! A response passes through three forms: its bytes, the tree of its elements, and the values made
//! of it. The weight of a response is what its bytes and, later, its values take; the weight of its
//! tree is added while it is decoded. Responses whose length is unknown are charged for the largest
//! response of their class, and a response that outgrows its class waits for the next one. A class
//! never waits for a lower one, so there is no deadlock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::large_work::AT_ONCE;
use crate::memory_budget::{MemoryBudget, MemoryCharge, MemoryLimits, MemoryShare};

const MIB: usize = 1024 * 1024;

/// Responses up to this length, in bytes, are decoded on the thread that has read them. A list of
/// twenty sessions is shorter. A hostile response of this length takes a few tenths of a
/// millisecond, and one that is decoded on another thread a hundredth of a millisecond more.
pub(crate) const DECODED_AT_ONCE: usize = 16 * 1024;

/// Responses up to this length, in bytes, are small: they are counted and do not wait for memory.
pub(crate) const SMALL_RESPONSE: usize = 64 * 1024;

/// Limit of a response of medium length, in bytes.
const MEDIUM_RESPONSE: usize = MIB;

/// Memory for each byte of a response: its buffer while it grows, and later the values made of the
/// response, which are three times as long as the shortest entries of a list.
const VALUE_FACTOR: usize = 3;

/// Memory for each byte of a response while it is decoded: twice for the text of another character
/// set, eight times for the tree (`roamd_xml::XmlLimits::RESPONSE`), and four times for the values.
const TREE_FACTOR: usize = 14;

/// Small responses of all farms, and the values made of them.
const SMALL: usize = 64 * MIB;

/// Medium responses, and the values made of them. A farm reads eight of unknown length at a time.
const MEDIUM: MemoryLimits = MemoryLimits {
    total: 72 * MIB,
    party: 24 * MIB,
};

/// Long responses, and the values made of them. A farm reads two of unknown length at a time.
const LONG: MemoryLimits = MemoryLimits {
    total: 96 * MIB,
    party: 48 * MIB,
};

/// Decoding of responses that are not small: one of the longest at a time.
const TREES: MemoryLimits = MemoryLimits {
    total: 112 * MIB,
    party: 112 * MIB,
};

/// Memory for the responses of all farms. A clone is the same memory.
#[derive(Debug, Clone)]
pub struct AnswerMemory {
    small: Arc<AtomicUsize>,
    medium: MemoryBudget,
    long: MemoryBudget,
    trees: MemoryBudget,
}

/// The share of one farm in an [`AnswerMemory`].
#[derive(Debug)]
pub(crate) struct FarmMemory {
    small: Arc<AtomicUsize>,
    medium: MemoryShare,
    long: MemoryShare,
    trees: MemoryShare,
}

/// Memory of one response, in use until this is dropped.
#[derive(Debug)]
pub struct AnswerCharge {
    /// The length that the charge covers, in bytes.
    length: usize,
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    Small(SmallCharge),
    Large(MemoryCharge),
}

#[derive(Debug)]
struct SmallCharge {
    in_use: Arc<AtomicUsize>,
    bytes: usize,
}

/// A value made of a response, with the memory that is charged for it.
#[derive(Debug)]
pub struct Answer<T> {
    /// The value.
    pub value: T,
    /// Memory of the value. To be dropped with it.
    pub charge: AnswerCharge,
}

impl AnswerMemory {
    /// Limit of the memory, in bytes, of all responses together. The trees of small responses come
    /// in addition: [`AnswerMemory::OF_A_THREAD`] and [`AnswerMemory::OF_A_CONTROLLER`].
    pub const TOTAL: usize = SMALL + MEDIUM.total + LONG.total + TREES.total;

    /// Memory that a thread needs to decode a response at once, in bytes.
    pub const OF_A_THREAD: usize = TREE_FACTOR * DECODED_AT_ONCE;

    /// Memory to decode small responses of a controller on other threads, in bytes.
    pub const OF_A_CONTROLLER: usize = AT_ONCE * TREE_FACTOR * SMALL_RESPONSE;

    /// Creates the memory for the responses of some farms.
    #[must_use]
    pub fn new() -> Self {
        Self {
            small: Arc::default(),
            medium: MemoryBudget::new(MEDIUM),
            long: MemoryBudget::new(LONG),
            trees: MemoryBudget::new(TREES),
        }
    }

    /// Creates the share of one more farm.
    pub(crate) fn share(&self) -> FarmMemory {
        FarmMemory {
            small: Arc::clone(&self.small),
            medium: self.medium.share(),
            long: self.long.share(),
            trees: self.trees.share(),
        }
    }

    /// Returns how many bytes are in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.small.load(Ordering::Relaxed)
            + self.medium.in_use()
            + self.long.in_use()
            + self.trees.in_use()
    }
}

impl Default for AnswerMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl FarmMemory {
    /// Charges for a response of this length, in bytes. Does not wait for a small one, unless there
    /// are very many.
    pub(crate) async fn charge(&self, length: usize) -> AnswerCharge {
        let bytes = length.saturating_mul(VALUE_FACTOR);
        let small = if length <= SMALL_RESPONSE {
            SmallCharge::new(&self.small, bytes)
        } else {
            None
        };
        let memory = match small {
            Some(small) => Memory::Small(small),
            None if length <= MEDIUM_RESPONSE => Memory::Large(self.medium.acquire(bytes).await),
            None => Memory::Large(self.long.acquire(bytes).await),
        };
        AnswerCharge { length, memory }
    }

    /// Charges for a response of which this many bytes are known, and no more, up to the limit of
    /// its class.
    pub(crate) async fn charge_class(&self, received: usize, limit: usize) -> AnswerCharge {
        let mut classes = [SMALL_RESPONSE, MEDIUM_RESPONSE].into_iter();
        let class = classes.find(|class| received <= *class);
        self.charge(class.map_or(limit, |class| class.min(limit)))
            .await
    }

    /// Charges for decoding a response of this length. A small one needs no charge: few of them are
    /// decoded at a time, and they must not wait for the long ones of another farm.
    pub(crate) async fn charge_decoding(&self, length: usize) -> Option<MemoryCharge> {
        if length <= SMALL_RESPONSE {
            return None;
        }
        let bytes = length.saturating_mul(TREE_FACTOR);
        Some(self.trees.acquire(bytes).await)
    }
}

impl AnswerCharge {
    /// Returns the length of a response, in bytes, that the charge covers.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Gives back what a response of this length does not need.
    pub(crate) fn shrink_to(&mut self, length: usize) {
        self.length = self.length.min(length);
        let bytes = self.length.saturating_mul(VALUE_FACTOR);
        match &mut self.memory {
            Memory::Small(small) => small.shrink_to(bytes),
            Memory::Large(charge) => charge.shrink_to(bytes),
        }
    }
}

impl SmallCharge {
    /// Returns `None` if the limit is reached.
    fn new(in_use: &Arc<AtomicUsize>, bytes: usize) -> Option<Self> {
        let charge = Self {
            in_use: Arc::clone(in_use),
            bytes,
        };
        let before = in_use.fetch_add(bytes, Ordering::Relaxed);
        // Dropping the charge gives the bytes back.
        (before <= SMALL - bytes).then_some(charge)
    }

    fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.bytes -= surplus;
        self.in_use.fetch_sub(surplus, Ordering::Relaxed);
    }
}

impl Drop for SmallCharge {
    fn drop(&mut self) {
        self.in_use.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn farm_can_charge_for_the_longest_response() {
        // A need above the share would be charged too little.
        let longest = crate::exchange::MAX_RESPONSE_BYTES;
        for (need, limits) in [
            (VALUE_FACTOR * MEDIUM_RESPONSE, MEDIUM),
            (VALUE_FACTOR * longest, LONG),
            (TREE_FACTOR * longest, TREES),
        ] {
            assert!(need <= limits.party, "{limits:?}");
        }
        for limits in [MEDIUM, LONG] {
            assert!(2 * limits.party <= limits.total, "{limits:?}");
        }
    }

    #[tokio::test]
    async fn small_responses_over_the_limit_are_charged_to_their_farm() {
        let memory = AnswerMemory::new();
        let farm = memory.share();
        let small = SMALL / (VALUE_FACTOR * SMALL_RESPONSE);
        let mut charges = Vec::new();
        for _ in 0..small + 10 {
            charges.push(farm.charge(SMALL_RESPONSE).await);
        }
        assert_eq!(memory.medium.in_use(), 10 * VALUE_FACTOR * SMALL_RESPONSE);
        for charge in &mut charges {
            charge.shrink_to(1024);
            assert_eq!(charge.length(), 1024);
        }
        assert_eq!(memory.in_use(), charges.len() * VALUE_FACTOR * 1024);
        drop(charges);
        assert_eq!(memory.in_use(), 0);
    }

    #[tokio::test]
    async fn small_response_is_decoded_while_trees_use_up_their_memory() {
        let memory = AnswerMemory::new();
        let longest = crate::exchange::MAX_RESPONSE_BYTES;
        let held = memory.share().charge_decoding(longest).await;
        assert!(held.is_some());
        let farm = memory.share();
        assert!(farm.charge_decoding(SMALL_RESPONSE).await.is_none());
        let mut waiting = std::pin::pin!(farm.charge_decoding(SMALL_RESPONSE + 1));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(held);
        assert!(waiting.await.is_some());
    }

    #[tokio::test]
    async fn response_of_unknown_length_is_charged_by_class() {
        let memory = AnswerMemory::new();
        let farm = memory.share();
        let limit = 8 * MIB;
        for (received, limit, length) in [
            (0, limit, SMALL_RESPONSE),
            (SMALL_RESPONSE, limit, SMALL_RESPONSE),
            (SMALL_RESPONSE + 1, limit, MEDIUM_RESPONSE),
            (SMALL_RESPONSE + 1, SMALL_RESPONSE + 2, SMALL_RESPONSE + 2),
            (MEDIUM_RESPONSE + 1, limit, limit),
        ] {
            let charge = farm.charge_class(received, limit).await;
            assert_eq!(charge.length(), length, "{received}");
        }
    }
}
