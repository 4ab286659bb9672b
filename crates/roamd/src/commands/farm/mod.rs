//! `roamd farm`: embedded farms, and a probe for the farms of a configuration.

mod app;
mod args;
mod connect;
mod group;
mod host;
mod init;
mod licence;
mod limit;
mod policy;
mod probe;
mod records;
mod serve;
mod session;
mod user;

use clap::{Args, Subcommand};

use crate::exit_code::{Exit, UsageError};
use crate::suggestion::did_you_mean;

/// Runs and manages embedded farms, and probes the farms of a configuration.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd farm init --data world && roamd farm session list --data world"
)]
pub(crate) struct FarmCommand {
    #[command(subcommand)]
    subcommand: FarmSubcommand,
}

#[derive(Debug, Subcommand)]
enum FarmSubcommand {
    Serve(serve::ServeFarm),
    Init(init::InitWorld),
    Session(session::SessionCommand),
    Host(host::HostCommand),
    Group(group::GroupCommand),
    App(app::AppCommand),
    Licence(licence::LicenceCommand),
    Limit(limit::LimitCommand),
    User(user::UserCommand),
    Policy(policy::PolicyCommand),
    Connect(connect::ConnectSession),
    Probe(probe::ProbeFarms),
}

impl FarmCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let ran = match self.subcommand {
            FarmSubcommand::Serve(command) => command.run(),
            FarmSubcommand::Init(command) => command.run(),
            FarmSubcommand::Session(command) => command.run(),
            FarmSubcommand::Host(command) => command.run(),
            FarmSubcommand::Group(command) => command.run(),
            FarmSubcommand::App(command) => command.run(),
            FarmSubcommand::Licence(command) => command.run(),
            FarmSubcommand::Limit(command) => command.run(),
            FarmSubcommand::User(command) => command.run(),
            FarmSubcommand::Policy(command) => command.run(),
            FarmSubcommand::Connect(command) => command.run(),
            FarmSubcommand::Probe(command) => command.run(),
        };
        ran.map_err(with_suggestion)
    }
}

/// Adds the known name that is most similar to an unknown one.
fn with_suggestion(error: anyhow::Error) -> anyhow::Error {
    let unknown = error
        .downcast_ref::<roamd_farm::Error>()
        .and_then(roamd_farm::Error::unknown_name);
    let similar = unknown.map(|(name, known)| did_you_mean(name, known.iter().map(String::as_str)));
    match similar {
        Some(similar) if !similar.is_empty() => UsageError(format!("{error}{similar}")).into(),
        _ => error,
    }
}
