//! Whether the user or the environment has named the store and the user.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

/// Which of `--store` and `--user` are on the command line. The values of the others come from the
/// environment, if at all.
///
/// A struct of arguments flattens this before it takes the values, which removes their sources.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct AccountFlags {
    pub(in crate::commands) store: bool,
    pub(in crate::commands) user: bool,
}

impl FromArgMatches for AccountFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_flag = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        Ok(Self {
            store: is_flag("store"),
            user: is_flag("user"),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// It has no arguments of its own.
impl Args for AccountFlags {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
