//! The controller that a call begins with.

/// Rule for the controller that a call to a farm begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControllerOrder {
    /// Every call begins with the first controller; the others are standbys.
    #[default]
    Ordered,
    /// Calls begin with each controller in turn.
    Balanced,
}
