//! `roamd farm init`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use roamd_farm::{Error, World};

use super::args::DataArgs;
use crate::exit_code::Exit;
use crate::output;

/// Creates the demo world, or the world that a file describes, in a data folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm init --data world --from world.toml")]
pub(super) struct InitWorld {
    #[command(flatten)]
    data: DataArgs,
    /// TOML file that describes a world.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

impl InitWorld {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let world = match &self.from {
            None => World::demo(),
            Some(file) => {
                let text = fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                World::from_toml(&text)
                    .map_err(Error::World)
                    .with_context(|| format!("{} is not a valid world file", file.display()))?
            }
        };
        roamd_farm::init(&self.data.data, &world)?;
        output::print_message(format_args!(
            "Created a world in {}.",
            self.data.data.display()
        ));
        Ok(Exit::Done)
    }
}
