//! Fuzz oracles as plain functions
