//! `roamd keys`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use roamd_server::config::Lifetime;
use roamd_server::keys::{KeyFile, KeyInfo, KeyRole};
use serde::Serialize;

use crate::exit::Exit;
use crate::output;

/// Makes, rotates and lists the keys of tokens and session ids.
///
/// A gateway that runs with the data folder takes new keys up by itself.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys rotate --data /var/lib/roamd")]
pub(crate) struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(New),
    Rotate(Rotate),
    List(List),
}

/// Makes keys in a data folder that has none. A gateway does so too when it starts.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys new --data /var/lib/roamd")]
struct New {
    #[command(flatten)]
    shown: Shown,
}

/// Adds a new key, which seals half a minute later. Nobody is signed out.
///
/// Old keys go on opening what they sealed. Those under which nothing is sealed that still counts are
/// dropped.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys rotate --data /var/lib/roamd")]
struct Rotate {
    #[command(flatten)]
    shown: Shown,
    /// How long tokens may live, as d.hh:mm:ss: not less than `token_lifetime_max` of the gateway.
    #[arg(long, value_name = "SPAN", default_value = "7.00:00:00", value_parser = span)]
    token_lifetime_max: Duration,
}

/// Lists the keys, the newest first, without their secrets.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd keys list --data /var/lib/roamd")]
struct List {
    #[command(flatten)]
    shown: Shown,
}

/// Which keys, and how to show them.
#[derive(Debug, Args)]
struct Shown {
    /// Data folder of the gateway, `data_dir` in its configuration.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Keys {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let now = Timestamp::now();
        let shown = match self.command {
            Command::New(New { shown }) => {
                KeyFile::of(&shown.data).make(now)?;
                shown
            }
            Command::Rotate(Rotate {
                shown,
                token_lifetime_max,
            }) => {
                KeyFile::of(&shown.data).rotate(token_lifetime_max, now)?;
                shown
            }
            Command::List(List { shown }) => shown,
        };
        shown.tell(now)
    }
}

impl Shown {
    fn tell(&self, now: Timestamp) -> anyhow::Result<Exit> {
        let keys = KeyFile::of(&self.data).list(now)?;
        let rows: Vec<Row> = keys.iter().map(|key| Row::of(key, now)).collect();
        if self.json {
            output::json(&rows)?;
        } else {
            let rows = rows.iter().map(Row::cells);
            output::table(["ID", "CREATED", "AGE", "ROLE"], rows)?;
        }
        Ok(Exit::Done)
    }
}

/// A key as it is shown.
#[derive(Serialize)]
struct Row {
    id: u32,
    created: String,
    age_seconds: i64,
    role: &'static str,
}

impl Row {
    fn of(key: &KeyInfo, now: Timestamp) -> Self {
        Self {
            id: key.id.0,
            created: Timestamp::from_second(key.created)
                .map_or_else(|_| "-".to_owned(), |created| created.to_string()),
            // A key may have been made by a machine whose clock is ahead.
            age_seconds: now.as_second().saturating_sub(key.created).max(0),
            role: match key.role {
                KeyRole::Seals => "seals",
                KeyRole::Opens => "opens",
            },
        }
    }

    fn cells(&self) -> [String; 4] {
        let (minutes, hours) = (self.age_seconds / 60, self.age_seconds / 3600);
        let age = match hours {
            0 => format!("{minutes} min"),
            1..48 => format!("{hours} h"),
            _ => format!("{} d", hours / 24),
        };
        let (id, role) = (self.id.to_string(), self.role.to_owned());
        [id, self.created.clone(), age, role]
    }
}

/// A time span as an argument.
fn span(text: &str) -> anyhow::Result<Duration> {
    text.parse()
        .map(|Lifetime(span)| span)
        .map_err(|_| anyhow!("has to be a time span d.hh:mm:ss, such as 1.00:00:00"))
}
