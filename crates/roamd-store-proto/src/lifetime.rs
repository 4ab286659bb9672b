//! Lifetimes in .NET TimeSpan text (CA-27 to CA-31).

use std::time::Duration;

/// A lifetime. Reads `d` or `[d.]hh:mm[:ss[.fffffff]]`, writes `d.hh:mm:ss[.fffffff]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(pub Duration);

/// Why a text is not a lifetime that counts: it does not parse, or is zero or negative (CA-28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a positive time span of the form d.hh:mm:ss")]
pub struct LifetimeError;
