//! Sealed values: authenticated encryption under a ring of keys
