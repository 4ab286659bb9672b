//! Errors of operator commands: data folder, world description, objects of a farm, tickets.

use std::io;
use std::path::PathBuf;

use crate::model::application::ApplicationKind;
use crate::model::farm::FarmPart;
use crate::model::ica_file::IcaFileError;
use crate::model::launch_refusal::LaunchRefusal;
use crate::model::ticket::TicketRefusal;
use crate::model::world_error::WorldError;

/// Why something about the embedded farms did not work, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder has no world yet.
    #[error("no world in {dir}: make one with `roamd farm init --data {dir}`", dir = .dir.display())]
    NoWorld {
        /// The data folder.
        dir: PathBuf,
    },
    /// The data folder has a world already.
    #[error("{} holds a world already: nothing was changed", .dir.display())]
    WorldExists {
        /// The data folder.
        dir: PathBuf,
    },
    /// The database is not whole.
    #[error("{} is damaged ({reason}): put back a copy, or move it away and make a new world", .path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The file is a database of something else.
    #[error("{} is no database of roamd farms, or its start is destroyed: choose another data folder, or put back a copy", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer roamd wrote the database.
    #[error("{} has format {found}, this roamd knows formats up to {known}: use a newer roamd", .path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Newest format that is known.
        known: i64,
    },
    /// The database could not be read or written.
    #[error("could not use {}", .path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The data folder could not be read or written.
    #[error("could not use the data folder {}", .path.display())]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The world is not one that farms can be made of.
    #[error(transparent)]
    World(#[from] WorldError),
    /// No farm has this id.
    #[error("no farm has the id {farm}; there are {}", .known.join(", "))]
    UnknownFarm {
        /// The id asked for.
        farm: String,
        /// The ids of all farms; a world has one at least.
        known: Vec<String>,
    },
    /// The farm has no host, group or application of this name.
    #[error("farm {farm} has no {part} {name}: `roamd farm {list} list` names those that exist", list = .part.command())]
    UnknownPart {
        /// The farm.
        farm: String,
        /// Part of a farm.
        part: FarmPart,
        /// The name, or for a host the id, asked for.
        name: String,
    },
    /// What is published is of another kind than the change is for.
    #[error("{app} is of the kind {found}, and only one of the kind {needed} has that")]
    WrongKind {
        /// The name asked for.
        app: String,
        /// What it is.
        found: ApplicationKind,
        /// What it would have to be.
        needed: ApplicationKind,
    },
    /// No user has this name.
    #[error("no user has the name {user}: `roamd farm user list` names those that exist")]
    UnknownUser {
        /// The name asked for.
        user: String,
    },
    /// Several domains have a user of this name.
    #[error("several domains have a user {user}: write DOMAIN\\name")]
    AmbiguousUser {
        /// The name asked for.
        user: String,
    },
    /// The farm does not publish this application to this user.
    #[error("farm {farm} publishes no application {app} to this user")]
    UnknownApplication {
        /// The farm.
        farm: String,
        /// The application asked for.
        app: String,
    },
    /// The ICA file has no logon ticket to redeem.
    #[error(transparent)]
    Ica(#[from] IcaFileError),
    /// The logon ticket is not good.
    #[error("logon ticket refused")]
    Ticket(#[from] TicketRefusal),
    /// The farm does not let the launch happen now.
    #[error("launch refused")]
    Launch(#[from] LaunchRefusal),
    /// A password could not be hashed.
    #[error("could not hash a password")]
    Hashing,
    /// The system has no random numbers.
    #[error("the system gave no random numbers")]
    NoRandomness,
}
