//! `roamd keys`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use roamd_server::config::Lifetime;
use roamd_server::keys::{KeyFile, KeyInfo, KeyRole};
use serde::Serialize;

use super::age::age;
use crate::exit_code::Exit;
use crate::output;

/// Creates, rotates and lists the keys that seal tokens and session ids.
///
/// A server that runs with the data folder loads new keys by itself.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys rotate --data /var/lib/roamd")]
pub(crate) struct KeysCommand {
    #[command(subcommand)]
    subcommand: KeysSubcommand,
}

#[derive(Debug, Subcommand)]
enum KeysSubcommand {
    New(NewKeys),
    Rotate(RotateKeys),
    List(ListKeys),
}

/// Creates the first key in a data folder. `roamd serve` does the same when it starts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys new --data /var/lib/roamd")]
struct NewKeys {
    #[command(flatten)]
    args: KeyArgs,
}

/// Adds a key. Users stay signed in.
///
/// The server seals with the new key after half a minute. Older keys still open what they sealed;
/// keys that no valid token can need are removed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys rotate --data /var/lib/roamd")]
struct RotateKeys {
    #[command(flatten)]
    args: KeyArgs,
    /// Maximum lifetime of a token, as d.hh:mm:ss; at least the configured `token_lifetime_max`.
    #[arg(long, value_name = "SPAN", default_value = "7.00:00:00", value_parser = parse_time_span)]
    token_lifetime_max: Duration,
}

/// Lists the keys without their secrets, the newest first.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys list --data /var/lib/roamd")]
struct ListKeys {
    #[command(flatten)]
    args: KeyArgs,
}

/// Arguments of all key commands.
#[derive(Debug, Args)]
struct KeyArgs {
    /// Data folder of the server, `data_dir` in its configuration.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl KeysCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let now = Timestamp::now();
        let args = match self.subcommand {
            KeysSubcommand::New(NewKeys { args }) => {
                KeyFile::of(&args.data).make(now)?;
                args
            }
            KeysSubcommand::Rotate(RotateKeys {
                args,
                token_lifetime_max,
            }) => {
                KeyFile::of(&args.data).rotate(token_lifetime_max, now)?;
                args
            }
            KeysSubcommand::List(ListKeys { args }) => args,
        };
        args.print_keys(now)
    }
}

impl KeyArgs {
    /// Prints all keys of the data folder.
    fn print_keys(&self, now: Timestamp) -> anyhow::Result<Exit> {
        let keys = KeyFile::of(&self.data).list(now)?;
        let rows: Vec<KeyRow> = keys.iter().map(|key| KeyRow::of(key, now)).collect();
        if self.json {
            output::print_json(&rows)?;
        } else {
            let rows = rows.iter().map(KeyRow::cells);
            output::print_table(["ID", "CREATED", "AGE", "ROLE"], rows)?;
        }
        Ok(Exit::Done)
    }
}

/// A key as printed.
#[derive(Serialize)]
struct KeyRow {
    id: u32,
    created: String,
    age_seconds: u64,
    role: &'static str,
}

impl KeyRow {
    fn of(key: &KeyInfo, now: Timestamp) -> Self {
        Self {
            id: key.id.0,
            created: Timestamp::from_second(key.created)
                .map_or_else(|_| "-".to_owned(), |created| created.to_string()),
            // Another machine with a fast clock may have created the key.
            age_seconds: u64::try_from(now.as_second().saturating_sub(key.created))
                .unwrap_or_default(),
            role: match key.role {
                KeyRole::Seals => "seals",
                KeyRole::Opens => "opens",
            },
        }
    }

    fn cells(&self) -> [String; 4] {
        let age = age(Duration::from_secs(self.age_seconds));
        let (id, role) = (self.id.to_string(), self.role.to_owned());
        [id, self.created.clone(), age, role]
    }
}

/// Parses a time span given as an argument.
fn parse_time_span(text: &str) -> anyhow::Result<Duration> {
    text.parse()
        .map(|Lifetime(span)| span)
        .map_err(|_| anyhow!("must be a time span d.hh:mm:ss, such as 1.00:00:00"))
}
