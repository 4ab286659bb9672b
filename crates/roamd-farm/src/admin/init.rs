//! Creation of a data folder.

use std::path::Path;

use crate::error::Error;
use crate::model::world::World;
use crate::store::database::Database;

/// Creates a data folder with this world. The folder may exist already.
///
/// # Errors
/// [`Error::WorldExists`] if the folder contains a world; nothing changes then. [`Error::World`] if
/// the world description is invalid.
pub fn init(dir: &Path, world: &World) -> Result<(), Error> {
    Database::create(dir, world)
}
