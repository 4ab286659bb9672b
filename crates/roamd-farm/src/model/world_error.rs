//! Errors of a world description, each with its location.

/// Error in a world description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// The text is not TOML, or does not have the structure of a world.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line number, starting at 1.
        line: usize,
        /// Message of the TOML parser.
        message: String,
    },
    /// The parts do not fit together. Contains all faults.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<WorldFault>),
}

/// One fault of a world description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {problem}")]
pub struct WorldFault {
    /// Location of the fault, such as `farm XA1, application Notepad`.
    pub location: String,
    /// The problem at that location.
    pub problem: WorldProblem,
}

/// A problem of one part of a world description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorldProblem {
    /// A name is empty, too long, or has a forbidden character.
    #[error(
        "the name is empty, longer than 256 characters, or contains a control character or one \
         that is not allowed there, such as `\\` or `@`"
    )]
    BadName,
    /// Two parts have the same name, compared without case.
    #[error("another part has the same name")]
    Duplicate,
    /// A required part is missing.
    #[error("at least one is required")]
    None,
    /// A host id is not a decimal number.
    #[error("the host id must be a decimal number before generation 7")]
    HostIdNotNumber,
    /// A user name matches no user or several users of the world.
    #[error("the name matches no user, or several users, of this world")]
    UnknownUser,
    /// No farm has this id.
    #[error("no farm has this id")]
    UnknownFarm,
    /// The farm has no group of this name.
    #[error("the farm has no such group")]
    UnknownGroup,
    /// An application has no host to run on.
    #[error("its host group has no host")]
    NoHost,
    /// The capacity of a host is 0.
    #[error("the capacity of a host must be at least 1")]
    NoCapacity,
    /// A key is missing, or belongs to another kind of application.
    #[error(
        "`file_types` is only for kind `app`; `content` is required for kind `document`, and \
         only for it; a document has no group and no instance limits, since it runs on no host"
    )]
    Kind,
    /// The farm does not publish this application to this user.
    #[error("the farm does not publish this application to this user")]
    UnknownApplication,
    /// argon2 does not support this cost.
    #[error("password hashing needs 8 to 1048576 KiB of memory and 1 to 100 passes")]
    HashingCost,
    /// A number is 0.
    #[error("lockout_seconds and password_length must be at least 1")]
    Zero,
}
