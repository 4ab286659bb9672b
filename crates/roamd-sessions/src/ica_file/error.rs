//! Errors of ICA files.

/// Error of writing an ICA file: a value would have changed its structure or meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IcaError {
    /// A value contains a line break or another control character.
    #[error("value of {key} contains a control character")]
    ControlCharacter {
        /// Name of the key.
        key: &'static str,
    },
    /// A value begins with `[`, like a section.
    #[error("value of {key} begins with a bracket")]
    Section {
        /// Name of the key.
        key: &'static str,
    },
    /// A value is too long.
    #[error("value of {key} is too long")]
    TooLong {
        /// Name of the key.
        key: &'static str,
    },
    /// An address is not `host` or `host:port`.
    #[error("address is not of the form host:port")]
    Address,
    /// A logon ticket is empty, or contains white space or `=`, at which clients split (ST-42).
    #[error("logon ticket is empty or contains white space or an equals sign")]
    Ticket,
    /// A ticket of a ticket authority contains something other than letters and digits.
    #[error("ticket of the ticket authority does not consist of letters and digits")]
    StaTicket,
}
