//! Errors of operator commands: data folder, world description, objects of a farm, tickets.

use std::io;
use std::path::PathBuf;

use crate::model::application::ApplicationKind;
use crate::model::farm::FarmPart;
use crate::model::ica_file::IcaFileError;
use crate::model::launch_refusal::LaunchRefusal;
use crate::model::ticket::TicketRefusal;
use crate::model::world_error::WorldError;

/// Error of an operation on embedded farms.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder contains no world.
    #[error(
        "no world in {dir}: create one with `roamd farm init --data {dir}`",
        dir = .dir.display()
    )]
    NoWorld {
        /// The data folder.
        dir: PathBuf,
    },
    /// The data folder contains a world already.
    #[error("{} already contains a world: nothing was changed", .dir.display())]
    WorldExists {
        /// The data folder.
        dir: PathBuf,
    },
    /// The database is damaged.
    #[error(
        "{} is damaged ({reason}): restore a backup, or move the file away and create a new world",
        .path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// Result of the integrity check.
        reason: String,
    },
    /// The file is not a database of roamd farms.
    #[error(
        "{} is not a database of roamd farms, or its header is damaged: choose another data \
         folder, or restore a backup",
        .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database was written by a newer version of roamd.
    #[error(
        "{} has format {found}, but this roamd supports formats up to {known}: use a newer roamd",
        .path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Newest supported format.
        known: i64,
    },
    /// The database could not be read or written.
    #[error("could not use {}", .path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Error of SQLite.
        #[source]
        source: rusqlite::Error,
    },
    /// The data folder could not be read or written.
    #[error("could not use {}{}", .path.display(), advice(.source))]
    Folder {
        /// The folder, or a file in it.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The world description is invalid.
    #[error(transparent)]
    World(#[from] WorldError),
    /// No farm has this id.
    #[error("no farm has the id {farm}; known farms: {}", .known.join(", "))]
    UnknownFarm {
        /// The requested id.
        farm: String,
        /// The ids of all farms.
        known: Vec<String>,
    },
    /// The farm has no host, group or application of this name.
    #[error(
        "farm {farm} has no {part} {name}: `roamd farm {list} list` shows the existing ones",
        list = .part.command()
    )]
    UnknownPart {
        /// The farm.
        farm: String,
        /// Kind of the object.
        part: FarmPart,
        /// The requested name, or for a host the requested id.
        name: String,
        /// The names of all, or for hosts the ids.
        known: Vec<String>,
    },
    /// The farm has no session of this number on this host.
    #[error(
        "farm {farm} has no session {number} on host {host}: `roamd farm session list` shows the \
         existing ones"
    )]
    UnknownSession {
        /// The farm.
        farm: String,
        /// The requested host id.
        host: String,
        /// The requested number.
        number: u32,
    },
    /// The change does not apply to this kind of application.
    #[error("{app} is of kind {found}; this setting is only for kind {needed}")]
    WrongKind {
        /// The requested name.
        app: String,
        /// Kind of the application.
        found: ApplicationKind,
        /// Kind that the change applies to.
        needed: ApplicationKind,
    },
    /// No user has this name.
    #[error("no user has the name {user}: `roamd farm user list` shows the existing ones")]
    UnknownUser {
        /// The requested name.
        user: String,
        /// The names of all users, without and with their domain.
        known: Vec<String>,
    },
    /// Several domains have a user of this name.
    #[error("several domains have a user {user}: write DOMAIN\\name")]
    AmbiguousUser {
        /// The requested name.
        user: String,
    },
    /// The farm does not publish this application to this user.
    #[error("farm {farm} publishes no application {app} to this user")]
    UnknownApplication {
        /// The farm.
        farm: String,
        /// The requested application.
        app: String,
        /// The names of those that it publishes to the user.
        known: Vec<String>,
    },
    /// The logon ticket of the ICA file cannot be used.
    #[error(transparent)]
    Ica(#[from] IcaFileError),
    /// The logon ticket is refused.
    #[error("logon ticket refused")]
    Ticket(#[from] TicketRefusal),
    /// The launch is refused.
    #[error("launch refused")]
    Launch(#[from] LaunchRefusal),
    /// Password hashing failed.
    #[error("could not hash a password")]
    Hashing,
    /// The operating system provides no random numbers.
    #[error("the operating system provides no random numbers")]
    NoRandomness,
}

impl Error {
    /// Returns the unknown name that the error is about, and the known ones.
    #[must_use]
    pub fn unknown_name(&self) -> Option<(&str, &[String])> {
        match self {
            Self::UnknownFarm { farm: name, known }
            | Self::UnknownPart { name, known, .. }
            | Self::UnknownUser { user: name, known }
            | Self::UnknownApplication {
                app: name, known, ..
            } => Some((name, known)),
            _ => None,
        }
    }
}

/// Returns what to do about an error of the operating system, after a semicolon, if that is known.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; run the command as its owner",
        _ => "",
    }
}
