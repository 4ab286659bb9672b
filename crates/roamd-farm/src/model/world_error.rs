//! Errors of a world description, each with its place in the file.

/// Why a text or a value is no world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// The text is not TOML, or not of the shape of a world.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// The parts do not fit together: everything that is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<WorldFault>),
}

/// One thing that is wrong with a world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct WorldFault {
    /// Where, for example `farm XA1, application Notepad`.
    pub place: String,
    /// What.
    pub problem: WorldProblem,
}

/// What can be wrong with a part of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorldProblem {
    /// A name is empty, too long, or has characters that would break it.
    #[error(
        "the name is empty, longer than 256 characters, or has a control character, `\\`, `@` or \
         another sign that has a meaning there"
    )]
    BadName,
    /// Two parts have the same name, case aside.
    #[error("another one has the same name")]
    Duplicate,
    /// There is none where one is needed.
    #[error("there is none; at least one is needed")]
    None,
    /// A host id is not a decimal number.
    #[error("the host id is not a decimal number, as it is before generation 7")]
    HostIdNotNumber,
    /// A named user is not in the world, or several are meant.
    #[error("no single user of the world is meant")]
    UnknownUser,
    /// A named farm is not in the world.
    #[error("no such farm")]
    UnknownFarm,
    /// A named group is not one of the farm's.
    #[error("the farm has no such group")]
    UnknownGroup,
    /// An application has no host to run on.
    #[error("no host is in the group that it runs on")]
    NoHost,
    /// A host that takes no session.
    #[error("a host takes at least 1 session")]
    NoCapacity,
    /// A part that another kind of application has, or lacks.
    #[error(
        "only an application has `file_types`, only a document has `content`, and needs it, and it \
         has no group and no limits, because nothing of it runs"
    )]
    Kind,
    /// A named application is not published by that farm to that user.
    #[error("the farm does not publish this application to this user")]
    UnknownApplication,
    /// The cost of hashing is not one that argon2 takes.
    #[error("needs at least 8 KiB of memory (at most 1048576) and 1 pass (at most 100)")]
    HashingCost,
    /// A number is 0 that cannot be.
    #[error("lockout_seconds and password_length have to be 1 at least")]
    Zero,
}
