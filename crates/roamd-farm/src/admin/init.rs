//! Creation of a data folder.

use std::path::Path;

use crate::error::Error;
use crate::model::world::World;
use crate::store::database::Database;

/// Makes the world in a data folder, which is created where it does not exist.
///
/// # Errors
/// [`Error::WorldExists`] when the folder has one: then nothing changes. [`Error::World`] when the
/// world does not fit together.
pub fn init(dir: &Path, world: &World) -> Result<(), Error> {
    Database::create(dir, world)
}
