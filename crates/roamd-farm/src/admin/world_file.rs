//! Reading of a world description from TOML.

use crate::model::world::World;
use crate::model::world_error::WorldError;

impl World {
    /// Parses and checks a world description.
    ///
    /// # Errors
    /// The first syntax error, or all faults of the description.
    pub fn from_toml(text: &str) -> Result<Self, WorldError> {
        let world: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            WorldError::Syntax {
                line: before.matches('\n').count() + 1,
                // Only the message: the full display quotes the line, which may contain a password.
                message: error.message().to_owned(),
            }
        })?;
        world.check()?;
        Ok(world)
    }
}
