//! Runs all measurements, and writes the table of goals.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use roamd_bench::{machine, raise_open_files, version};

use super::context::Context;
use super::goal::Goal;
use super::{
    farms, fixed_responses, idle_memory, latency, list, resident_memory, resources, sign_ins,
    slow_clients, tls,
};
use crate::proxies::Proxies;

/// A measurement, which has one or more goals.
type Measurement = fn(&Context<'_>) -> Result<Vec<Goal>>;

/// Files that this process or a server needs: 3,000 connections and some more.
const NEEDED_FILES: u64 = 4096;

/// All measurements with their names.
const MEASUREMENTS: [(&str, Measurement); 10] = [
    ("list", list::measure),
    ("fixed-responses", fixed_responses::measure),
    ("latency", latency::measure),
    ("farms", farms::measure),
    ("idle-memory", idle_memory::measure),
    ("sign-ins", sign_ins::measure),
    ("resident-memory", resident_memory::measure),
    ("resources", resources::measure),
    ("tls", tls::measure),
    ("slow-clients", slow_clients::measure),
];

/// What is measured, and for how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Path of the roamd to measure.
    #[arg(long)]
    roamd: PathBuf,
    #[command(flatten)]
    proxies: Proxies,
    /// Number of rounds; each loads every subject once.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of load for each subject and round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Measurement to make; without it, all are made. May be repeated.
    #[arg(long, value_name = "NAME", value_parser = MEASUREMENTS.map(|(name, _)| name))]
    only: Vec<String>,
}

/// The goals with what this run has reached.
pub(crate) struct Report {
    machine: String,
    roamd: String,
    proxies: String,
    rounds: usize,
    duration: Duration,
    goals: Vec<Goal>,
}

/// Measures every goal, one after the other. The sides of a ratio are loaded in turn.
///
/// # Errors
/// If a program does not start, or fails under load.
pub(crate) fn measure(args: &Args) -> Result<Report> {
    raise_open_files(NEEDED_FILES)?;
    let duration = Duration::from_secs(args.seconds);
    let context = Context::start(&args.roamd, &args.proxies, args.rounds, duration)?;
    let mut goals = Vec::new();
    for (name, measurement) in MEASUREMENTS {
        if !args.only.is_empty() && !args.only.iter().any(|only| only == name) {
            continue;
        }
        let measured =
            measurement(&context).with_context(|| format!("the measurement {name} failed"))?;
        for goal in measured {
            eprintln!("{goal}");
            goals.push(goal);
        }
    }
    Ok(Report {
        machine: machine()?,
        roamd: version(&args.roamd, "--version")?,
        proxies: args.proxies.versions()?,
        rounds: args.rounds,
        duration,
        goals,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; {}; {}", self.machine, self.roamd, self.proxies)?;
        writeln!(
            f,
            "{} rounds of {} s each, in turn; medians\n",
            self.rounds,
            self.duration.as_secs()
        )?;
        writeln!(f, "| goal | reached | figures |\n|---|---|---|")?;
        for goal in &self.goals {
            writeln!(f, "{goal}")?;
        }
        Ok(())
    }
}
