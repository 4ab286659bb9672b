//! Two programs in turn, in front of one farm: how a change affects the cost of a list.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use roamd_bench::{
    Load, Run, SESSIONS, Series, Setup, Subject, Usage, WARM_UP, machine, measure_in_rounds,
    mebibytes, micros,
};

const OLD: &str = "old";
const NEW: &str = "new";

/// Result of a comparison.
pub(crate) struct Comparison {
    machine: String,
    load: Load,
    rounds: usize,
    old: Measured,
    new: Measured,
}

/// Figures of one program.
struct Measured {
    series: Series,
    idle: Usage,
    loaded: Usage,
}

/// Measures both programs in turn. The farm is that of the old program.
///
/// # Errors
/// If a program does not start, or fails under load.
pub(crate) fn measure(old: &Path, new: &Path, load: Load, rounds: usize) -> Result<Comparison> {
    let setup = Setup::start(old)?;
    let old_server = &setup.server;
    let new_server = setup.start_plain_server(new, NEW)?;
    let usages = || anyhow::Ok([old_server.process.usage()?, new_server.process.usage()?]);
    let [old_idle, new_idle] = usages()?;
    let subjects = [
        Subject::server(OLD, old_server, Some(&setup.farm.process), SESSIONS)?,
        Subject::server(NEW, &new_server, Some(&setup.farm.process), SESSIONS)?,
    ];
    let trials = subjects
        .each_ref()
        .map(|subject| (subject, load.connections));
    let series = measure_in_rounds(&trials, rounds, load.duration, WARM_UP)?;
    let [old_loaded, new_loaded] = usages()?;
    let [old, new]: [Series; 2] = series
        .try_into()
        .map_err(|_| anyhow::anyhow!("a program was not measured"))?;
    Ok(Comparison {
        machine: machine()?,
        load,
        rounds,
        old: Measured {
            series: old,
            idle: old_idle,
            loaded: old_loaded,
        },
        new: Measured {
            series: new,
            idle: new_idle,
            loaded: new_loaded,
        },
    })
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}; {} rounds of {} s each, {} connections; medians (minimum to maximum)\n",
            self.machine,
            self.rounds,
            self.load.duration.as_secs(),
            self.load.connections
        )?;
        writeln!(
            f,
            "| program | requests/s | CPU/request | 99th percentile | memory idle | after the load |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for measured in [&self.old, &self.new] {
            let series = &measured.series;
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} |",
                series.subject,
                series.spread(Run::per_second, |rate| format!("{rate:.0}")),
                micros(series.median(|run| run.subject_cpu_per_request().as_secs_f64())),
                micros(series.median(|run| run.percentile_99.as_secs_f64())),
                mebibytes(measured.idle),
                mebibytes(measured.loaded),
            )?;
        }
        writeln!(
            f,
            "\nnew ÷ old, median of the rounds: requests/s {:.3}, CPU/request {:.3}",
            self.new.series.ratio(&self.old.series, Run::per_second),
            self.new.series.ratio(&self.old.series, |run| run
                .subject_cpu_per_request()
                .as_secs_f64()),
        )
    }
}
