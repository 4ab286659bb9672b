//! Errors of a whole import.

use roamd_config::LineError;

/// Error of an import that has no result.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An archive cannot be read.
    #[error("the archive {file} cannot be read: {problem}")]
    Archive {
        /// Name of the archive.
        file: String,
        /// The reason, as a clause.
        problem: &'static str,
    },
    /// A file is too large.
    #[error("the file {0} is larger than 16 MiB, which no file of StoreFront is")]
    TooLarge(String),
    /// The operator gives the generation of a farm that no file has.
    #[error("no file has a farm with the name {0:?}, which a generation is given for")]
    UnknownFarm(String),
    /// The result is not valid. The lines are those of the result.
    #[error("the result is not a valid configuration; its first error: {0}")]
    NotValid(LineError),
}
