//! Share of a deadline.

/// Share of an operation's remaining time that one of its requests may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineShare {
    /// All of it: the operation fails without the response.
    Whole,
    /// Half of it: the operation does not need the response, and needs the other half.
    Half,
}
