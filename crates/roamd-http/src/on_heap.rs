//! Futures on the heap.

use std::pin::Pin;

/// Makes a future where it stays: on the heap. [`Box::pin`] gets it from the stack and copies its
/// room, thousands of bytes in a service, most of which have no value yet.
pub fn on_heap<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(Box::write(Box::new_uninit(), make()))
}
