//! `roamd keys`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use roamd_server::config::{self, Lifetime, State};
use roamd_server::keys::{GroupKeys, KeyFile, KeyInfo, KeyRole, KeyStore, make_cluster_key};
use roamd_server::{OperatorAction, OperatorCommand};
use serde::Serialize;

use super::age::age;
use super::config_file::explained;
use super::demo_folder::server_folder;
use super::operator_audit::{ReasonArg, log_in};
use super::table_format::TableFormatArgs;
use crate::exit_code::{Exit, UsageError};
use crate::output;
use crate::table::Column;

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

/// What is created.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct NewPlace {
    /// Data folder of the server, `data_dir` in its configuration.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// File of the new cluster key.
    #[arg(long, value_name = "FILE")]
    cluster: Option<PathBuf>,
}

/// Creates the first key in a data folder, or a cluster key.
///
/// `roamd serve` creates the first key by itself when it starts. A cluster key is the file
/// `cluster_key_file` of the configuration: copy it to all servers of a group.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd keys new --data /var/lib/roamd\n  \
    roamd keys new --cluster /etc/roamd/cluster.key")]
struct NewKeys {
    #[command(flatten)]
    place: NewPlace,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    format: TableFormatArgs,
}

/// Adds a key. Users stay signed in.
///
/// The server seals with the new key after half a minute. Older keys still open what they sealed;
/// keys that no valid token can need are removed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd keys rotate --data /var/lib/roamd\n  \
    roamd keys rotate --config /etc/roamd/roamd.toml"
)]
struct RotateKeys {
    #[command(flatten)]
    args: KeyArgs,
    /// Maximum lifetime of a token, as d.hh:mm:ss; at least the configured `token_lifetime_max`.
    #[arg(long, value_name = "SPAN", default_value = "7.00:00:00", value_parser = parse_time_span)]
    token_lifetime_max: Duration,
    #[command(flatten)]
    reason: ReasonArg,
}

/// Lists the keys without their secrets, the newest first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd keys list --data /var/lib/roamd\n  \
    roamd keys list --config /etc/roamd/roamd.toml")]
struct ListKeys {
    #[command(flatten)]
    args: KeyArgs,
}

/// Where the keys are.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct KeyPlace {
    /// Data folder of the server, `data_dir` in its configuration.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration of a server: the keys may be in its data folder, or in etcd.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of all commands for existing keys.
#[derive(Debug, Args)]
struct KeyArgs {
    #[command(flatten)]
    place: KeyPlace,
    #[command(flatten)]
    format: TableFormatArgs,
}

impl KeysCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let now = Timestamp::now();
        match self.subcommand {
            KeysSubcommand::New(NewKeys {
                place,
                reason,
                format,
            }) => {
                if let Some(cluster) = place.cluster {
                    make_cluster_key(&cluster, now)?;
                    if format.is_json() {
                        output::print_json(&ClusterKeyJson { file: &cluster })?;
                    } else {
                        output::print_message(format_args!(
                            "Wrote {}; copy it to all servers of the group, and name it in \
                             `cluster_key_file` of [keys].",
                            cluster.display()
                        ));
                    }
                    return Ok(Exit::Done);
                }
                let data = server_data(&place.data.unwrap_or_default())?;
                let file = KeyFile::of(&data);
                file.make(now)?;
                reason.record_in_folder(&data, [command("keys new", None)])?;
                print_keys(&file.into(), &format, now)
            }
            KeysSubcommand::Rotate(RotateKeys {
                args,
                token_lifetime_max,
                reason,
            }) => {
                let OpenKeys {
                    keys,
                    token_lifetime_max: configured,
                    audit,
                } = args.place.open()?;
                keys.rotate(token_lifetime_max.max(configured), now)?;
                if let Some(audit) = audit {
                    let newest = keys
                        .list(now)?
                        .first()
                        .map(|key| format!("key {}", key.id.0));
                    reason.record(&audit, [command("keys rotate", newest.as_deref())])?;
                }
                print_keys(&keys, &args.format, now)
            }
            KeysSubcommand::List(ListKeys { args }) => {
                let OpenKeys { keys, .. } = args.place.open()?;
                print_keys(&keys, &args.format, now)
            }
        }
    }
}

impl KeyPlace {
    /// Returns the place of the keys.
    ///
    /// # Errors
    /// If the folder is not that of a server, or the configuration cannot be read.
    fn open(self) -> anyhow::Result<OpenKeys> {
        let Some(path) = self.config else {
            let data = server_data(&self.data.unwrap_or_default())?;
            return Ok(OpenKeys {
                keys: KeyFile::of(&data).into(),
                token_lifetime_max: Duration::ZERO,
                audit: Some(log_in(&data)),
            });
        };
        let config = config::read(&path).map_err(explained)?;
        let keys = match &config.state {
            State::Embedded => KeyFile::of(&config.data_dir).into(),
            State::Etcd(etcd) => KeyStore::Group(GroupKeys::open(etcd)?),
        };
        let audit = config.audit.as_ref();
        Ok(OpenKeys {
            keys,
            token_lifetime_max: config.authentication.token_lifetime_max,
            audit: audit.map(|audit| config.data_dir.join(&audit.file)),
        })
    }
}

/// Keys and what their rotation depends on.
struct OpenKeys {
    keys: KeyStore,
    /// Longest lifetime of a token, if a configuration says it.
    token_lifetime_max: Duration,
    /// The audit log; `None` if it is off.
    audit: Option<PathBuf>,
}

/// Returns the data folder of a server, also of that of a demo.
///
/// # Errors
/// If the folder has farms and no server.
fn server_data(data: &Path) -> Result<PathBuf, UsageError> {
    let folder = server_folder(data);
    if folder == data && data.join(roamd_farm::DATABASE_FILE).exists() {
        let data = data.display();
        return Err(UsageError(format!(
            "{data} is the folder of embedded farms, which have no keys; name the data folder of a \
             server, or that of a demo which has run"
        )));
    }
    Ok(folder)
}

/// Prints all keys of a place.
fn print_keys(keys: &KeyStore, format: &TableFormatArgs, now: Timestamp) -> anyhow::Result<Exit> {
    let keys = keys.list(now)?;
    let rows: Vec<KeyRow> = keys.iter().map(|key| KeyRow::of(key, now)).collect();
    if format.is_json() {
        output::print_json(&rows)?;
    } else {
        let columns = ["ID", "CREATED", "AGE", "ROLE"].map(Column::whole);
        format.print(columns, rows.iter().map(KeyRow::cells))?;
    }
    Ok(Exit::Done)
}

/// A new cluster key as JSON, without its secret.
#[derive(Serialize)]
struct ClusterKeyJson<'p> {
    file: &'p Path,
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

fn command<'a>(command: &'static str, object: Option<&'a str>) -> OperatorAction<'a> {
    OperatorAction::Command(OperatorCommand {
        command,
        object,
        ..OperatorCommand::default()
    })
}

/// Parses a time span given as an argument.
fn parse_time_span(text: &str) -> anyhow::Result<Duration> {
    text.parse()
        .map(|Lifetime(span)| span)
        .map_err(|_| anyhow!("must be a time span d.hh:mm:ss, such as 1.00:00:00"))
}
