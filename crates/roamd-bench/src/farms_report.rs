//! Report of many farms, as tables for a document.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use roamd_bench::{Run, Series, machine, mebibytes, micros, version};

use crate::farms::{CALM, DELAY, FARMS, Results};

/// Results of many farms.
pub(crate) struct FarmsReport {
    machine: String,
    roamd: String,
    rounds: usize,
    duration: Duration,
    results: Results,
}

impl FarmsReport {
    pub(crate) fn new(
        roamd: &Path,
        rounds: usize,
        duration: Duration,
        results: Results,
    ) -> Result<Self> {
        Ok(Self {
            machine: machine()?,
            roamd: version(roamd, "--version")?,
            rounds,
            duration,
            results,
        })
    }
}

impl fmt::Display for FarmsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}", self.machine, self.roamd)?;
        writeln!(
            f,
            "{} rounds of {} s each; medians (minimum to maximum)",
            self.rounds,
            self.duration.as_secs()
        )?;
        let Results {
            added,
            many,
            hanging,
            memory,
        } = &self.results;

        writeln!(f, "\nA real farm:\n")?;
        table(f, added)?;
        for pair in added.chunks(2) {
            if let [farm, server] = pair {
                let more = |value: fn(&Run) -> f64| server.median(value) - farm.median(value);
                writeln!(
                    f,
                    "\nWith {} connections, the server adds {} to the median and {} to the 99th percentile.",
                    farm.connections,
                    micros(more(median_latency)),
                    micros(more(percentile_99)),
                )?;
            }
        }

        writeln!(
            f,
            "\n{FARMS} farms with a response time of {} ms:\n",
            DELAY.as_millis()
        )?;
        table(f, many)?;
        if let [one, all, ..] = many.as_slice() {
            let times = |value: fn(&Run) -> f64| all.median(value) / one.median(value);
            writeln!(
                f,
                "\nA list of {FARMS} farms takes {:.2} times the median of one farm, and {:.2} times its 99th \
                 percentile.",
                times(median_latency),
                times(percentile_99),
            )?;
        }
        writeln!(
            f,
            "Resident memory of the server in front of them: {} idle, {} at the end of the load, {} \
             after {} s with one list at a time.",
            mebibytes(memory.idle),
            mebibytes(memory.loaded),
            mebibytes(memory.calm),
            CALM.duration.as_secs(),
        )?;

        writeln!(f, "\nA farm that hangs:\n")?;
        table(f, hanging)?;
        if let [without, with @ ..] = hanging.as_slice() {
            for with in with {
                let rate = with.median(Run::per_second) / without.median(Run::per_second);
                writeln!(f, "\n{}: {rate:.2} of the throughput.", with.subject)?;
            }
        }
        Ok(())
    }
}

fn table(f: &mut fmt::Formatter<'_>, all: &[Series]) -> fmt::Result {
    writeln!(
        f,
        "| subject | connections | responses/s | CPU/response | median latency | 99th percentile |\n\
         |---|---|---|---|---|---|"
    )?;
    for series in all {
        if series.runs.iter().all(|run| run.requests == 0) {
            writeln!(
                f,
                "| {} | {} | none | | | |",
                series.subject, series.connections
            )?;
            continue;
        }
        writeln!(
            f,
            "| {} | {} | {} | {} | {} | {} |",
            series.subject,
            series.connections,
            series.spread(Run::per_second, |rate| format!("{rate:.1}")),
            micros(series.median(|run| run.subject_cpu_per_request().as_secs_f64())),
            series.spread(median_latency, micros),
            series.spread(percentile_99, micros),
        )?;
    }
    Ok(())
}

fn median_latency(run: &Run) -> f64 {
    run.median.as_secs_f64()
}

fn percentile_99(run: &Run) -> f64 {
    run.percentile_99.as_secs_f64()
}
