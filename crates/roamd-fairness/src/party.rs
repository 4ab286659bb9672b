//! Parties of a fair semaphore.

/// A party, by the groups that it belongs to: a user, or a network within wider ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party<K> {
    pub(crate) widest: K,
    inner: Vec<K>,
}

impl<K: Clone> Party<K> {
    /// A party that is in no group but its own.
    #[must_use]
    pub fn alone(party: K) -> Self {
        Self::within(party, Vec::new())
    }

    /// A party in the widest of its groups and in those within it. Each of them is wider than the
    /// next, and the last one is the party itself.
    #[must_use]
    pub fn within(widest: K, inner: Vec<K>) -> Self {
        Self { widest, inner }
    }

    /// The groups, the widest first.
    pub(crate) fn groups(&self) -> Vec<K> {
        let widest = std::iter::once(&self.widest);
        widest.chain(&self.inner).cloned().collect()
    }
}
