//! The command line: all commands and their dispatch.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::apps::AppsCommand;
use crate::commands::audit::AuditCommand;
use crate::commands::backup::BackupCommand;
use crate::commands::compare::CompareCommand;
use crate::commands::completions::CompletionsCommand;
use crate::commands::config::ConfigCommand;
use crate::commands::demo::DemoCommand;
use crate::commands::farm::FarmCommand;
use crate::commands::group::GroupCommand;
use crate::commands::healthcheck::HealthcheckCommand;
use crate::commands::keys::KeysCommand;
use crate::commands::login::LoginCommand;
use crate::commands::logout::LogoutCommand;
use crate::commands::man::ManCommand;
use crate::commands::profiles::ProfilesCommand;
use crate::commands::reload::ReloadCommand;
use crate::commands::restore::RestoreCommand;
use crate::commands::serve::ServeCommand;
use crate::commands::sessions::SessionsCommand;
use crate::commands::status::StatusCommand;
use crate::commands::throttle::ThrottleCommand;
use crate::commands::token::TokenCommand;
use crate::commands::tokens::TokensCommand;
use crate::commands::version::VersionCommand;
use crate::exit_code::Exit;
use crate::logging::LogLevel;

/// An open Sessions Service: running ICA sessions follow their user from device to device.
#[derive(Debug, Parser)]
#[command(
    name = "roamd",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Example, a working store with three embedded farms:\n  roamd demo"
)]
pub(crate) struct Cli {
    /// Print results and failures only, no other messages; log warnings only.
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        display_order = 1000
    )]
    pub(crate) quiet: bool,
    /// Log details, such as each request to a store.
    #[arg(short, long, global = true, display_order = 1000)]
    verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoCommand),
    Serve(ServeCommand),
    Farm(FarmCommand),
    Sessions(SessionsCommand),
    Apps(AppsCommand),
    Login(LoginCommand),
    Logout(LogoutCommand),
    Profiles(ProfilesCommand),
    Token(TokenCommand),
    Compare(CompareCommand),
    Config(ConfigCommand),
    Status(StatusCommand),
    Group(GroupCommand),
    Reload(ReloadCommand),
    Healthcheck(HealthcheckCommand),
    Audit(AuditCommand),
    Keys(KeysCommand),
    Tokens(TokensCommand),
    Throttle(ThrottleCommand),
    Backup(BackupCommand),
    Restore(RestoreCommand),
    Completions(CompletionsCommand),
    Man(ManCommand),
    Version(VersionCommand),
}

impl Cli {
    /// Returns the level that the arguments ask for; `None` if they do not.
    pub(crate) fn log_level(&self) -> Option<LogLevel> {
        match (self.quiet, self.verbose) {
            (true, _) => Some(LogLevel::Warnings),
            (false, true) => Some(LogLevel::Details),
            (false, false) => None,
        }
    }
}

/// Returns the arguments of this process with `--help` after a command in place of `help` before
/// it, so that an unknown command gets a suggestion.
pub(crate) fn arguments(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut given: Vec<_> = given.into_iter().collect();
    if given.iter().all(|word| word != "help") {
        return given;
    }
    let cli = Cli::command();
    let mut command = &cli;
    for index in 1..given.len() {
        let Some(word) = given.get(index) else { break };
        let is_before_command = given.get(index + 1).is_some_and(|next| next != "help");
        if word == "help" && command.has_subcommands() && is_before_command {
            given.remove(index);
            given.push("--help".into());
            break;
        }
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None => break,
        }
    }
    given
}

impl Command {
    /// Runs the command, and returns its exit code.
    ///
    /// # Errors
    /// If the command fails. [`Exit`] has the exit code of each error.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Demo(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Farm(command) => command.run(),
            Self::Sessions(command) => command.run(),
            Self::Apps(command) => command.run(),
            Self::Login(command) => command.run(),
            Self::Logout(command) => command.run(),
            Self::Profiles(command) => command.run(),
            Self::Token(command) => command.run(),
            Self::Compare(command) => command.run(),
            Self::Config(command) => command.run(),
            Self::Status(command) => command.run(),
            Self::Group(command) => command.run(),
            Self::Reload(command) => command.run(),
            Self::Healthcheck(command) => command.run(),
            Self::Audit(command) => command.run(),
            Self::Keys(command) => command.run(),
            Self::Tokens(command) => command.run(),
            Self::Throttle(command) => command.run(),
            Self::Backup(command) => command.run(),
            Self::Restore(command) => command.run(),
            Self::Completions(command) => command.run(Cli::command()),
            Self::Man(command) => command.run(Cli::command()),
            Self::Version(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_before_a_command_becomes_an_option_after_it() {
        for (given, expected) in [
            ("roamd help sessions list", "roamd sessions list --help"),
            ("roamd sessions help lst", "roamd sessions lst --help"),
            ("roamd help", "roamd help"),
            ("roamd help help", "roamd help help"),
            ("roamd sessions help", "roamd sessions help"),
            // The name of an application.
            ("roamd apps launch help Word", "roamd apps launch help Word"),
        ] {
            let words = arguments(given.split(' ').map(OsString::from));
            assert_eq!(words.join(" ".as_ref()), expected);
        }
    }

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The same option has the same meaning everywhere.
    #[test]
    fn options_of_all_commands_are_consistent() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            let has = |long| {
                command
                    .get_arguments()
                    .any(|it| it.get_long() == Some(long))
            };
            let short = |it: &&clap::Arg| it.get_short() == Some('o');
            let format = command.get_arguments().find(short);
            // An import prints its findings beside its result, which has one format.
            if has("json") && name != "import" {
                assert!(format.is_some(), "{name} has --json without -o");
            }
            if let Some(format) = format {
                assert_eq!(format.get_long(), Some("format"), "{name}");
            }
            assert!(!has("yes") || has("dry-run"), "{name} has --yes only");
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
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
