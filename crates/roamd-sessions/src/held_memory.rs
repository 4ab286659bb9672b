//! What a value holds while it exists.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What a value holds while it exists, such as its share of a limited memory. Values that differ in
/// nothing else are equal.
#[derive(Clone, Default)]
pub(crate) struct HeldMemory(Option<Arc<dyn Any + Send + Sync>>);

impl HeldMemory {
    /// Holds this until the last clone is dropped.
    pub(crate) fn new(held: impl Any + Send + Sync) -> Self {
        Self(Some(Arc::new(held)))
    }
}

impl PartialEq for HeldMemory {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for HeldMemory {}

impl fmt::Debug for HeldMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldMemory")
            .field(&self.0.is_some())
            .finish()
    }
}
