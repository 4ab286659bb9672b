//! `roamd farm probe`.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use roamd_server::{ControllerProbe, ProbeResponse, config};
use serde::Serialize;

use crate::commands::config::tell_faults;
use crate::exit::Exit;
use crate::output;
use crate::server::block_on;

/// Asks every controller of a configuration whether it answers, and what it can do; and every ticket
/// authority of a gateway for a ticket to nowhere.
///
/// Ends with 0 if all answer, 4 if some do, 1 if none does. No user is needed, and nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd farm probe --config /etc/roamd.toml")]
pub(super) struct Probe {
    /// The gateway's configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A controller, as scripts see it.
#[derive(Debug, Serialize)]
struct Row {
    store: String,
    farm: String,
    controller: String,
    up: bool,
    dialect: Option<String>,
    capabilities: Vec<String>,
    milliseconds: u64,
    certificate_expiry: Option<String>,
    certificate_days_left: Option<i64>,
    reason: Option<String>,
}

impl Probe {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let config = config::read(&self.config).inspect_err(tell_faults)?;
        block_on(async {
            let probes = roamd_server::probe(&config).await?;
            let now = Timestamp::now();
            let rows: Vec<Row> = probes
                .into_iter()
                .map(|probe| Row::new(probe, now))
                .collect();
            let up = rows.iter().filter(|row| row.up).count();
            let exit = match up {
                0 => Exit::Failed,
                _ if up < rows.len() => Exit::Partial,
                _ => Exit::Done,
            };
            if self.json {
                output::json(&rows)?;
            } else {
                table(rows)?;
            }
            Ok(exit)
        })
    }
}

impl Row {
    fn new(probe: ControllerProbe, now: Timestamp) -> Self {
        let (up, dialect, capabilities, reason) = match probe.answer {
            Ok(ProbeResponse::Capable {
                dialect,
                capabilities,
            }) => (true, Some(dialect), capabilities, None),
            Ok(ProbeResponse::Silent(reason)) => (true, None, Vec::new(), Some(reason)),
            Err(reason) => (false, None, Vec::new(), Some(reason)),
        };
        Self {
            store: probe.store,
            farm: probe.farm,
            controller: probe.controller,
            up,
            dialect,
            capabilities,
            milliseconds: u64::try_from(probe.took.as_millis()).unwrap_or(u64::MAX),
            certificate_expiry: probe.certificate_expiry.map(date),
            certificate_days_left: probe.certificate_expiry.map(|expiry| days(now, expiry)),
            reason,
        }
    }

    fn certificate(&self) -> Option<String> {
        let (expiry, days) = (
            self.certificate_expiry.as_ref()?,
            self.certificate_days_left?,
        );
        Some(if days < 0 {
            format!("{expiry} (expired)")
        } else {
            format!("{expiry} ({days} days left)")
        })
    }
}

fn table(rows: Vec<Row>) -> anyhow::Result<()> {
    let header = [
        "STORE",
        "FARM",
        "CONTROLLER",
        "UP",
        "DIALECT",
        "MS",
        "CERTIFICATE",
        "CAPABILITIES",
        "REASON",
    ];
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let rows = rows.into_iter().map(|row| {
        let certificate = row.certificate();
        let capabilities = row.capabilities.join(",");
        [
            row.store,
            row.farm,
            row.controller,
            if row.up { "yes" } else { "no" }.into(),
            or_none(row.dialect),
            row.milliseconds.to_string(),
            or_none(certificate),
            or_none((!capabilities.is_empty()).then_some(capabilities)),
            or_none(row.reason),
        ]
    });
    Ok(output::table(header, rows)?)
}

/// The day of a point in time, in UTC.
fn date(time: Timestamp) -> String {
    TimeZone::UTC.to_datetime(time).date().to_string()
}

/// Whole days until then; less than nothing if it has passed.
fn days(now: Timestamp, then: Timestamp) -> i64 {
    then.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_certificate_is_told_with_its_day_and_the_days_left() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let cases = [
            (None, None),
            (
                Some("2026-12-24T12:00:00Z"),
                Some("2026-12-24 (30 days left)"),
            ),
            (
                Some("2026-11-25T11:59:59Z"),
                Some("2026-11-25 (0 days left)"),
            ),
            (Some("2026-11-24T11:59:59Z"), Some("2026-11-24 (expired)")),
        ];
        for (expiry, expected) in cases {
            let probe = ControllerProbe {
                store: "/Citrix/Store".into(),
                farm: "XA1".into(),
                controller: "https://ddc.example.test".into(),
                took: Duration::from_millis(3),
                certificate_expiry: expiry.map(|time| time.parse().unwrap()),
                answer: Err("none".into()),
            };
            let row = Row::new(probe, now);
            assert_eq!(row.certificate().as_deref(), expected);
        }
    }
}
