//! What was measured, as tables that a document can take over.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

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
    idle: [(&'static str, Usage); 3],
    loaded: [(&'static str, Usage); 3],
    runs: Vec<(&'static str, Vec<Run>)>,
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
            runs: Vec::new(),
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

    /// One more run of a front.
    pub(crate) fn throughput(&mut self, front: &'static str, run: Run) {
        match self.runs.iter_mut().find(|(name, _)| *name == front) {
            Some((_, runs)) => runs.push(run),
            None => self.runs.push((front, vec![run])),
        }
    }

    /// A load of sign-ins, and the farm's processor time for a password that it does not remember.
    pub(crate) fn sign_ins(&mut self, sign_ins: SignIns, password: Duration) {
        self.sign_ins = Some((sign_ins, password));
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

/// The middle value of what is measured in each run.
fn median(runs: &[Run], value: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn micros(seconds: f64) -> String {
    format!("{:.0} µs", seconds * 1e6)
}

fn mebibytes(usage: Usage) -> String {
    format!("{:.1} MiB", usage.memory as f64 / 1024.0)
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
        assert_eq!(median(&[run(30), run(10), run(20)], Run::per_second), 20.0);
        assert_eq!(median(&[run(10), run(20), run(30)], Run::per_second), 20.0);
    }
}
