//! Limit of the texts in log lines.

/// Most bytes of a text in a log line. Clients and farms can cause long ones.
pub(super) const MAX_TEXT: usize = 2048;
