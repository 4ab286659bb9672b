//! Wire messages of the store side
