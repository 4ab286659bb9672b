//! What was measured, as tables that a document can take over.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::load::{Load, Run};
use crate::service::Usage;
use crate::sign_in::SignIns;

/// Collects the figures.
pub(crate) struct Report {
    machine: String,
    roamd: String,
    nginx: String,
    load: Load,
    rounds: usize,
    idle: Vec<(&'static str, Usage)>,
    loaded: Vec<(&'static str, Usage)>,
    runs: Vec<(&'static str, Vec<Run>)>,
    sign_ins: Vec<(&'static str, SignIns)>,
}

impl Report {
    pub(crate) fn new(roamd: &Path, nginx: &Path, load: Load, rounds: usize) -> Result<Self> {
        Ok(Self {
            machine: machine()?,
            roamd: version(roamd, "--version")?,
            nginx: version(nginx, "-v")?,
            load,
            rounds,
            idle: Vec::new(),
            loaded: Vec::new(),
            runs: Vec::new(),
            sign_ins: Vec::new(),
        })
    }

    /// What gateway and farm hold before the first request.
    pub(crate) fn idle(&mut self, gateway: Usage, farm: Usage) {
        self.idle = vec![("roamd gateway", gateway), ("roamd farm", farm)];
    }

    /// What gateway and nginx hold after the load.
    pub(crate) fn loaded(&mut self, gateway: Usage, nginx: Usage) {
        self.loaded = vec![("roamd gateway", gateway), ("nginx", nginx)];
    }

    /// One more run of a front.
    pub(crate) fn throughput(&mut self, front: &'static str, run: Run) {
        match self.runs.iter_mut().find(|(name, _)| *name == front) {
            Some((_, runs)) => runs.push(run),
            None => self.runs.push((front, vec![run])),
        }
    }

    /// A load of sign-ins.
    pub(crate) fn sign_ins(&mut self, name: &'static str, sign_ins: SignIns) {
        self.sign_ins.push((name, sign_ins));
    }

    fn per_second(&self, front: &str) -> Option<f64> {
        let (_, runs) = self.runs.iter().find(|(name, _)| *name == front)?;
        Some(median(runs, Run::per_second))
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
        for (name, runs) in &self.runs {
            let rates = runs.iter().map(Run::per_second);
            writeln!(
                f,
                "| {name} | {:.0} ({:.0} to {:.0}) | {} | {} | {} | {} |",
                median(runs, Run::per_second),
                rates.clone().fold(f64::INFINITY, f64::min),
                rates.fold(0.0, f64::max),
                micros(median(runs, |run| run.front_cpu_each().as_secs_f64())),
                micros(median(runs, |run| run.farm_cpu_each().as_secs_f64())),
                micros(median(runs, |run| run.median.as_secs_f64())),
                micros(median(runs, |run| run.slowest_percent.as_secs_f64())),
            )?;
        }
        if let (Some(roamd), Some(nginx)) = (self.per_second("roamd"), self.per_second("nginx")) {
            writeln!(f, "\nroamd serves {:.2} of what nginx does.", roamd / nginx)?;
        }

        writeln!(
            f,
            "\n| resident memory | idle | after the load |\n|---|---|---|"
        )?;
        for name in ["roamd gateway", "roamd farm", "nginx"] {
            let of = |usages: &[(&str, Usage)]| {
                usages
                    .iter()
                    .find(|(of, _)| *of == name)
                    .map_or("".to_owned(), |(_, usage)| {
                        format!("{:.1} MiB", usage.memory as f64 / 1024.0)
                    })
            };
            writeln!(f, "| {name} | {} | {} |", of(&self.idle), of(&self.loaded))?;
        }

        writeln!(
            f,
            "\n| sign-ins | per second | gateway CPU each | farm CPU each |"
        )?;
        writeln!(f, "|---|---|---|---|")?;
        for (name, sign_ins) in &self.sign_ins {
            writeln!(
                f,
                "| {name} | {:.0} | {} | {} |",
                sign_ins.done as f64 / sign_ins.duration.as_secs_f64(),
                micros(sign_ins.gateway_cpu_each.as_secs_f64()),
                micros(sign_ins.farm_cpu_each.as_secs_f64()),
            )?;
        }
        Ok(())
    }
}

/// The middle value of what is measured in each run.
fn median(runs: &[Run], value: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn micros(seconds: f64) -> String {
    format!("{:.0} µs", seconds * 1e6)
}

fn machine() -> Result<String> {
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
fn version(program: &Path, argument: &str) -> Result<String> {
    let output = Command::new(program)
        .arg(argument)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order() {
        let run = |requests| Run {
            requests,
            duration: Duration::from_secs(1),
            median: Duration::ZERO,
            slowest_percent: Duration::ZERO,
            front_cpu: Duration::ZERO,
            farm_cpu: Duration::ZERO,
        };
        assert_eq!(median(&[run(30), run(10), run(20)], Run::per_second), 20.0);
        assert_eq!(median(&[run(10), run(20), run(30)], Run::per_second), 20.0);
    }
}
