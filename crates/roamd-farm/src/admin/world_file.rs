//! Reading of a world description from TOML.

use crate::model::world::World;
use crate::model::world_error::WorldError;

impl World {
    /// Reads a world from TOML and checks it.
    ///
    /// # Errors
    /// The first thing that is no world's TOML, or everything that does not fit together.
    pub fn from_toml(text: &str) -> Result<Self, WorldError> {
        let world: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            WorldError::Syntax {
                line: before.matches('\n').count() + 1,
                // Not the whole display of the error: it quotes the line, which may have a password.
                message: error.message().to_owned(),
            }
        })?;
        world.check()?;
        Ok(world)
    }
}
