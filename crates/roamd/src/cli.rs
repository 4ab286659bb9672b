//! The command line as a whole.

use clap::{Parser, Subcommand};

use crate::commands::{apps, completions, config, demo, farm, keys, man, serve, sessions};
use crate::exit::Exit;

/// An open Sessions Service: running ICA sessions follow their user from device to device.
#[derive(Debug, Parser)]
#[command(
    name = "roamd",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    after_help = "Example, a working store with three farms and no Windows:\n  roamd demo"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Farm(farm::Farm),
    Sessions(sessions::Sessions),
    Apps(apps::Apps),
    Config(config::Config),
    Keys(keys::Keys),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Does what was asked for.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Demo(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Farm(command) => command.run(),
            Self::Sessions(command) => command.run(),
            Self::Apps(command) => command.run(),
            Self::Config(command) => command.run(),
            Self::Keys(command) => command.run(),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example_in_its_help() {
        fn check(command: &clap::Command) {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Example"),
                "{} has no example",
                command.get_name()
            );
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
