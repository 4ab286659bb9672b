//! Results of probes, as commands print them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use roamd_server::config::{Config, Generation};
use roamd_server::{ControllerProbe, ProbeResponse};
use serde::Serialize;

use super::cells::{or_dash, yes_or_no};
use super::dialect::is_of_version_7;
use crate::exit_code::Exit;
use crate::runtime::block_on;
use crate::table::Column;

/// The probe result of a controller, as printed.
#[derive(Debug, Serialize)]
pub(super) struct ProbeRow {
    store: String,
    farm: String,
    controller: String,
    up: bool,
    dialect: Option<String>,
    capabilities: Vec<String>,
    /// Id of a ticket authority.
    authority_id: Option<String>,
    milliseconds: u64,
    certificate_expiry: Option<String>,
    certificate_days_left: Option<i64>,
    reason: Option<String>,
}

/// Columns of the table.
pub(super) const COLUMNS: [Column; 9] = [
    Column::wide("STORE"),
    Column::text("FARM"),
    Column::whole("CONTROLLER"),
    Column::whole("UP"),
    Column::wide("DIALECT"),
    Column::wide("MS"),
    Column::detail("CERTIFICATE"),
    Column::wide("CAPABILITIES OR ID"),
    Column::text("REASON"),
];

/// Probes every controller and ticket authority of a configuration.
///
/// # Errors
/// If the probes cannot be started.
pub(super) fn probe(config: &Config) -> anyhow::Result<Vec<ProbeRow>> {
    let probes = block_on(async { Ok(roamd_server::probe(config).await?) })?;
    let now = Timestamp::now();
    let rows = probes.into_iter().map(|probe| ProbeRow::new(probe, now));
    Ok(rows.collect())
}

impl ProbeRow {
    fn new(probe: ControllerProbe, now: Timestamp) -> Self {
        let up = probe.result.is_ok();
        let (mut dialect, mut capabilities, mut authority_id, mut reason) =
            (None, Vec::new(), None, None);
        match probe.result {
            Ok(ProbeResponse::Capable {
                dialect: sent,
                capabilities: known,
            }) => (dialect, capabilities) = (Some(sent), known),
            Ok(ProbeResponse::TicketAuthority { dialect: sent, id }) => {
                (dialect, authority_id) = (Some(sent), Some(id));
            }
            Ok(ProbeResponse::Silent(refusal)) => reason = Some(refusal),
            Err(failure) => reason = Some(failure),
        }
        Self {
            store: probe.store,
            farm: probe.farm,
            controller: probe.controller,
            up,
            dialect,
            capabilities,
            authority_id,
            milliseconds: u64::try_from(probe.took.as_millis()).unwrap_or(u64::MAX),
            certificate_expiry: probe.certificate_expiry.map(date),
            certificate_days_left: probe
                .certificate_expiry
                .map(|expiry| days_until(now, expiry)),
            reason,
        }
    }

    /// Returns the cells of the table.
    pub(super) fn cells(self) -> [String; COLUMNS.len()] {
        let certificate = self.certificate();
        let capabilities = self
            .authority_id
            .unwrap_or_else(|| self.capabilities.join(","));
        [
            self.store,
            self.farm,
            self.controller,
            yes_or_no(self.up),
            or_dash(self.dialect),
            self.milliseconds.to_string(),
            or_dash(certificate),
            or_dash((!capabilities.is_empty()).then_some(capabilities)),
            or_dash(self.reason),
        ]
    }

    /// Returns the expiry of the certificate for the table.
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

/// Returns the exit code: done if all are up, partial if some are, failed if none is.
pub(super) fn exit_of(rows: &[ProbeRow]) -> Exit {
    match rows.iter().filter(|row| row.up).count() {
        0 => Exit::Failed,
        up if up < rows.len() => Exit::Partial,
        _ => Exit::Done,
    }
}

/// Returns warnings about probed controllers and ticket authorities that respond.
pub(super) fn probe_warnings(config: &Config, rows: &[ProbeRow]) -> Vec<String> {
    let mut warnings = wrong_generations(config, rows);
    warnings.extend(repeated_ids(rows));
    warnings
}

/// Returns a warning for each farm whose controllers do not speak as its generation does.
fn wrong_generations(config: &Config, rows: &[ProbeRow]) -> Vec<String> {
    let mut warnings = Vec::new();
    for store in &config.stores {
        for farm in &store.farms {
            let should_be_7 = farm.generation == Generation::Cvad7;
            let mut of_farm = rows
                .iter()
                .filter(|row| row.farm == farm.id && row.store == store.path.as_str() && row.up);
            let wrong = of_farm.find_map(|row| {
                let dialect = row.dialect.as_deref()?;
                (is_of_version_7(dialect)? != should_be_7).then_some((row, dialect))
            });
            let Some((row, dialect)) = wrong else {
                continue;
            };
            let advice = if should_be_7 {
                "as farms before version 7 do; if it is one, set `generation` to \"xenapp-6\" or \
                 \"xendesktop-5\", or a list of sessions may disconnect users"
            } else {
                "as farms of version 7 and later do; if it is one, set `generation` to \"cvad-7\", \
                 or sessions in use are missing from lists"
            };
            warnings.push(format!(
                "Farm {} has the generation {}, but {} responds in dialect {dialect}, {advice}",
                farm.id,
                farm.generation.as_str(),
                row.controller
            ));
        }
    }
    warnings
}

/// Returns a warning for each id that several ticket authorities of a Citrix Gateway have.
fn repeated_ids(rows: &[ProbeRow]) -> Vec<String> {
    let mut urls = BTreeMap::<_, Vec<&str>>::new();
    for row in rows {
        if let Some(id) = &row.authority_id {
            let authorities = urls.entry((&*row.farm, id)).or_default();
            authorities.push(&row.controller);
        }
    }
    urls.retain(|_, urls| urls.len() > 1);
    let warning = |((gateway, id), urls): ((&str, &String), Vec<&str>)| {
        format!(
            "The ticket authorities {} of the {gateway} have the same id, {id}; Citrix \
             Gateway cannot distinguish them, so give each an id of its own",
            urls.join(" and ")
        )
    };
    urls.into_iter().map(warning).collect()
}

/// Returns the date of a point in time, in UTC.
fn date(time: Timestamp) -> String {
    TimeZone::UTC.to_datetime(time).date().to_string()
}

/// Returns the whole days from `now` to `then`; negative if `then` has passed.
fn days_until(now: Timestamp, then: Timestamp) -> i64 {
    then.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn certificate_cell_has_expiry_date_and_days_left() {
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
                result: Err("none".into()),
            };
            let row = ProbeRow::new(probe, now);
            assert_eq!(row.certificate().as_deref(), expected);
        }
    }
}
