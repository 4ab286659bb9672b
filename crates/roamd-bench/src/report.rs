//! What was measured, as tables that a document can take over.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::farms::{DELAY, FARMS, Figures};
use crate::load::{Load, Run, Series};
use crate::service::Usage;
use crate::sign_in::SignIns;

/// Collects the figures of the gateway beside nginx.
pub(crate) struct Report {
    machine: String,
    roamd: String,
    nginx: String,
    load: Load,
    rounds: usize,
    idle: [(&'static str, Usage); 3],
    loaded: [(&'static str, Usage); 3],
    series: Vec<Series>,
    sign_ins: Option<(SignIns, Duration)>,
}

impl Report {
    pub(crate) fn new(roamd: &Path, nginx: &Path, load: Load, rounds: usize) -> Result<Self> {
        Ok(Self {
            machine: machine()?,
            roamd: version(roamd, "--version")?,
            nginx: version(nginx, "-v")?,
            load,
            rounds,
            idle: Default::default(),
            loaded: Default::default(),
            series: Vec::new(),
            sign_ins: None,
        })
    }

    /// What each program holds before the first request.
    pub(crate) fn idle(&mut self, usages: [(&'static str, Usage); 3]) {
        self.idle = usages;
    }

    /// What each program holds after the load.
    pub(crate) fn loaded(&mut self, usages: [(&'static str, Usage); 3]) {
        self.loaded = usages;
    }

    /// The runs of each front.
    pub(crate) fn throughput(&mut self, series: Vec<Series>) {
        self.series = series;
    }

    /// A load of sign-ins, and the farm's processor time for a password that it does not remember.
    pub(crate) fn sign_ins(&mut self, sign_ins: SignIns, password: Duration) {
        self.sign_ins = Some((sign_ins, password));
    }

    fn per_second(&self, front: &str) -> Option<f64> {
        let series = self.series.iter().find(|series| series.front == front)?;
        Some(series.median(Run::per_second))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}; {}", self.machine, self.roamd, self.nginx)?;
        writeln!(
            f,
            "{} rounds of {} s each in turn, {} connections; medians (least to most)",
            self.rounds,
            self.load.duration.as_secs(),
            self.load.connections
        )?;

        writeln!(
            f,
            "\n| front | requests/s | CPU/request | farm CPU/request | half within | 99 % within |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for series in &self.series {
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} |",
                series.front,
                series.spread(Run::per_second, |rate| format!("{rate:.0}")),
                micros(series.median(|run| run.front_cpu_each().as_secs_f64())),
                micros(series.median(|run| run.farm_cpu_each().as_secs_f64())),
                micros(series.median(half_within)),
                micros(series.median(nearly_all_within)),
            )?;
        }
        if let (Some(roamd), Some(nginx)) = (self.per_second("roamd"), self.per_second("nginx")) {
            writeln!(f, "\nroamd serves {:.2} of what nginx does.", roamd / nginx)?;
        }

        writeln!(
            f,
            "\n| resident memory | idle | after the load |\n|---|---|---|"
        )?;
        for ((name, idle), (_, loaded)) in self.idle.iter().zip(&self.loaded) {
            writeln!(
                f,
                "| {name} | {} | {} |",
                mebibytes(*idle),
                mebibytes(*loaded)
            )?;
        }

        if let Some((sign_ins, password)) = &self.sign_ins {
            writeln!(
                f,
                "\n{:.0} whole sign-ins a second, each {} of the gateway and {} of the farm; a password \
                 that the farm does not remember takes it {}.",
                sign_ins.done as f64 / sign_ins.duration.as_secs_f64(),
                micros(sign_ins.gateway_cpu_each.as_secs_f64()),
                micros(sign_ins.farm_cpu_each.as_secs_f64()),
                micros(password.as_secs_f64()),
            )?;
        }
        Ok(())
    }
}

/// The figures of farms.
pub(crate) struct FarmsReport {
    machine: String,
    roamd: String,
    rounds: usize,
    duration: Duration,
    figures: Figures,
}

impl FarmsReport {
    pub(crate) fn new(
        roamd: &Path,
        rounds: usize,
        duration: Duration,
        figures: Figures,
    ) -> Result<Self> {
        Ok(Self {
            machine: machine()?,
            roamd: version(roamd, "--version")?,
            rounds,
            duration,
            figures,
        })
    }
}

impl fmt::Display for FarmsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}", self.machine, self.roamd)?;
        writeln!(
            f,
            "{} rounds of {} s each in turn; medians (least to most)",
            self.rounds,
            self.duration.as_secs()
        )?;
        let Figures {
            added,
            many,
            hanging,
            memory: (idle, loaded),
        } = &self.figures;

        writeln!(f, "\nA real farm:\n")?;
        table(f, added)?;
        for pair in added.chunks(2) {
            if let [farm, gateway] = pair {
                let more = |value: fn(&Run) -> f64| gateway.median(value) - farm.median(value);
                writeln!(
                    f,
                    "\nWith {} at a time, the gateway adds {} to half of the answers and {} to 99 %.",
                    farm.connections,
                    micros(more(half_within)),
                    micros(more(nearly_all_within)),
                )?;
            }
        }

        writeln!(f, "\n{FARMS} farms of {} ms each:\n", DELAY.as_millis())?;
        table(f, many)?;
        if let [one, all, ..] = many.as_slice() {
            let times = |value: fn(&Run) -> f64| all.median(value) / one.median(value);
            writeln!(
                f,
                "\nA list of {FARMS} farms takes {:.2} of the time of one (half), {:.2} (99 %).",
                times(half_within),
                times(nearly_all_within),
            )?;
        }
        writeln!(
            f,
            "Resident memory of the gateway before them: {} idle, {} after the load.",
            mebibytes(*idle),
            mebibytes(*loaded),
        )?;

        writeln!(f, "\nA farm that hangs:\n")?;
        table(f, hanging)?;
        if let [without, with @ ..] = hanging.as_slice() {
            for with in with {
                let rate = with.median(Run::per_second) / without.median(Run::per_second);
                writeln!(f, "\n{}: {rate:.2} of the throughput.", with.front)?;
            }
        }
        Ok(())
    }
}

fn table(f: &mut fmt::Formatter<'_>, all: &[Series]) -> fmt::Result {
    writeln!(
        f,
        "| asked | at a time | answers/s | CPU/answer | half within | 99 % within |\n\
         |---|---|---|---|---|---|"
    )?;
    for series in all {
        if series.runs.iter().all(|run| run.requests == 0) {
            writeln!(
                f,
                "| {} | {} | none | | | |",
                series.front, series.connections
            )?;
            continue;
        }
        writeln!(
            f,
            "| {} | {} | {} | {} | {} | {} |",
            series.front,
            series.connections,
            series.spread(Run::per_second, |rate| format!("{rate:.1}")),
            micros(series.median(|run| run.front_cpu_each().as_secs_f64())),
            series.spread(half_within, micros),
            series.spread(nearly_all_within, micros),
        )?;
    }
    Ok(())
}

impl Series {
    /// The middle value of what is measured in each run.
    fn median(&self, value: impl Fn(&Run) -> f64) -> f64 {
        let mut values: Vec<f64> = self.runs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    }

    /// Median, least and most.
    fn spread(&self, value: impl Fn(&Run) -> f64, shown: impl Fn(f64) -> String) -> String {
        let values = || self.runs.iter().map(&value);
        let (least, most) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(0.0, f64::max),
        );
        let median = self.median(&value);
        format!("{} ({} to {})", shown(median), shown(least), shown(most))
    }
}

fn half_within(run: &Run) -> f64 {
    run.median.as_secs_f64()
}

fn nearly_all_within(run: &Run) -> f64 {
    run.slowest_percent.as_secs_f64()
}

pub(crate) fn micros(seconds: f64) -> String {
    format!("{:.0} µs", seconds * 1e6)
}

pub(crate) fn mebibytes(usage: Usage) -> String {
    format!("{:.1} MiB", usage.memory as f64 / 1024.0)
}

pub(crate) fn machine() -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "{cores} cores of {}",
        model.map_or("an unnamed processor", |(_, model)| model)
    ))
}

/// What a program says of its version, on either stream.
pub(crate) fn version(program: &Path, argument: &str) -> Result<String> {
    let output = Command::new(program)
        .arg(argument)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order() {
        let run = |requests| Run {
            requests,
            duration: Duration::from_secs(1),
            bytes: 0.0,
            median: Duration::ZERO,
            slowest_percent: Duration::ZERO,
            front_cpu: Duration::ZERO,
            farm_cpu: Duration::ZERO,
        };
        for order in [[30, 10, 20], [10, 20, 30]] {
            let series = Series {
                front: "",
                connections: 1,
                runs: order.map(run).into(),
            };
            assert_eq!(series.median(Run::per_second), 20.0);
        }
    }
}
