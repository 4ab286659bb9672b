//! A plain client of any store
