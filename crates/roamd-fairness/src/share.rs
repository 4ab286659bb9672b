//! Shares of a fair semaphore.

/// Share of the permits and of the queue of a semaphore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All but the reserved permits.
    Common,
    /// All permits, and a queue of its own.
    Reserved,
}

/// Permits that one party may hold at a time, by the widest of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyShare {
    /// All of them. For operations that are short whatever the party does: turns are enough.
    All,
    /// Those that leave it fewer than are free. For operations that a party can make long.
    ///
    /// A party that wants all permits gets half of them, and `n` parties that do get `n` of
    /// `n + 1` parts. A party that holds none gets a free permit in any case.
    FewerThanFree,
    /// The same, and this many at most. For operations of which one party could have far more than
    /// the others.
    AtMost(usize),
}

impl PartyShare {
    /// Whether a party that holds this many permits may take one of those that are free.
    pub(crate) fn allows(self, held: usize, free: usize) -> bool {
        match self {
            Self::All => true,
            Self::FewerThanFree => held < free,
            Self::AtMost(most) => held < most.min(free),
        }
    }
}
