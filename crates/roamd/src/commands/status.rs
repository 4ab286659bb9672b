//! `roamd status`.

use std::time::Duration;

use clap::Args;
use roamd_server::control::{
    AuditStatus, CertificateStatus, ControllerStatus, ControllerUse, FarmStatus, KeyRingStatus,
    StateStatus, Status, StoreStatus, ThrottleStatus,
};

use super::age::age;
use super::cells::or_dash;
use super::running_server::RunningServer;
use super::table_format::TableFormatArgs;
use super::throttle::held_back;
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;
use crate::table::Column;

/// Number of keys that the text names, the newest first.
const SHOWN_KEYS: usize = 4;

/// Shows what a running server does, and the state of its farms.
///
/// Asks the server over the control socket in its data folder. Exit code 1 if no server runs there.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd status --config /etc/roamd/roamd.toml\n  roamd status --data \
                  world --json"
)]
pub(crate) struct StatusCommand {
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: TableFormatArgs,
}

impl StatusCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let client = self.server.client()?;
        block_on(async {
            let status = client.status().await?;
            if self.format.is_json() {
                output::print_json(&status)?;
            } else {
                print_status(&status, &self.format)?;
            }
            Ok(Exit::Done)
        })
    }
}

/// Prints the controllers as a table, and all else as a field each. CSV has the controllers only.
fn print_status(status: &Status, format: &TableFormatArgs) -> anyhow::Result<()> {
    if !format.is_for_programs() {
        output::print_fields(fields(status))?;
        output::print_line("")?;
    }
    format.print(COLUMNS, controllers(&status.stores))
}

fn fields(status: &Status) -> Vec<(&'static str, String)> {
    let up = age(Duration::from_secs(status.uptime_seconds));
    let requests = &status.requests;
    let refused = status.state.refused_writes;
    let audit_log = status.audit.as_ref().map(audit);
    let certificate = status.certificate.as_ref().map(expiry);
    let mut fields = vec![
        (
            "server",
            format!(
                "roamd {}, process {}, up {up}, since {:.0}",
                status.version, status.pid, status.started
            ),
        ),
        (
            "listens",
            format!("on {} as {}", status.listen, status.base_urls.join(" and ")),
        ),
    ];
    fields.extend(certificate.map(|expiry| ("certificate", expiry)));
    fields.extend([
        (
            "requests",
            format!(
                "{} with a token and {} without in progress; at most {} of either, {} in all",
                requests.with_token, requests.without_token, requests.limit_of_each, requests.limit
            ),
        ),
        ("throttle", throttle(&status.throttle)),
        ("keys", keys(&status.keys)),
        (
            "state",
            match &status.state.error {
                None => format!("responds{}; {refused} writes refused", group(&status.state)),
                Some(error) => format!("does not respond: {error}"),
            },
        ),
        ("audit", audit_log.unwrap_or_else(|| "off".to_owned())),
    ]);
    for store in &status.stores {
        fields.push(("store", store.url.clone()));
    }
    for farm in status.stores.iter().flat_map(|store| &store.farms) {
        fields.push(("farm", operations(farm)));
    }
    fields
}

/// The group of the server, if it is in one.
fn group(state: &StateStatus) -> String {
    match &state.group {
        None => String::new(),
        Some(group) if group.is_degraded => {
            format!(" alone, cut off from a group of {} servers", group.servers)
        }
        Some(group) => format!(" in a group of {} servers", group.servers),
    }
}

fn expiry(certificate: &CertificateStatus) -> String {
    format!(
        "until {:.0} ({} days left)",
        certificate.expires, certificate.days_left
    )
}

fn operations(farm: &FarmStatus) -> String {
    format!(
        "{}: {} operations in progress, {} waiting; at most {}",
        farm.id, farm.operations, farm.waiting, farm.concurrency
    )
}

fn throttle(throttle: &ThrottleStatus) -> String {
    let held_back = throttle.held_back.as_ref().map_or_else(
        || "not known, because the state does not respond".to_owned(),
        held_back,
    );
    format!(
        "{held_back}; checks of passwords: {} in progress, {} waiting",
        throttle.checks, throttle.waiting
    )
}

/// Returns the ids, ages and roles of the newest keys, and the next rotation.
fn keys(ring: &KeyRingStatus) -> String {
    let shown = ring.keys.iter().take(SHOWN_KEYS).map(|key| {
        let age = age(Duration::from_secs(key.age_seconds));
        let role = if key.seals { "seals" } else { "opens" };
        format!("{} ({age} old, {role})", key.id)
    });
    let shown: Vec<_> = shown.collect();
    let more = match ring.keys.len().saturating_sub(SHOWN_KEYS) {
        0 => String::new(),
        more => format!(" and {more} older"),
    };
    let next = ring.next_rotation.map_or_else(
        || "rotated by `roamd keys rotate` only".to_owned(),
        |next| format!("next rotation {next:.0}"),
    );
    format!("{}{more}; {next}", shown.join(", "))
}

fn audit(audit: &AuditStatus) -> String {
    let lost: u64 = audit.lost.values().sum();
    format!(
        "{}: {} lines written, {} waiting, {lost} lost",
        audit.file.display(),
        audit.written,
        audit.waiting
    )
}

const COLUMNS: [Column; 6] = [
    Column::wide("STORE"),
    Column::name("FARM"),
    Column::whole("CONTROLLER"),
    Column::whole("STATE"),
    Column::wide("CERTIFICATE"),
    Column::text("LAST FAILURE"),
];

/// The rows of the controllers and ticket authorities.
fn controllers(stores: &[StoreStatus]) -> Vec<[String; COLUMNS.len()]> {
    let mut rows = Vec::new();
    for store in stores {
        for farm in &store.farms {
            let row = |it| controller(&store.path, &farm.id, it);
            rows.extend(farm.controllers.iter().map(row));
        }
        let row = |it| controller(&store.path, "ticket authority", it);
        rows.extend(store.ticket_authorities.iter().map(row));
    }
    rows
}

fn controller(store: &str, farm: &str, controller: &ControllerStatus) -> [String; COLUMNS.len()] {
    let failure = controller.last_failure.as_ref();
    [
        store.to_owned(),
        farm.to_owned(),
        controller.url.clone(),
        match controller.state {
            ControllerUse::InUse => "in use",
            ControllerUse::Bypassed => "bypassed",
            ControllerUse::Starting => "starting",
        }
        .to_owned(),
        or_dash(controller.certificate.as_ref().map(expiry)),
        or_dash(failure.map(|failure| format!("{:.0} {}", failure.time, failure.reason))),
    ]
}
