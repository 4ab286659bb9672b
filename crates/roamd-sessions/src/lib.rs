//! The rules of the Sessions Service
