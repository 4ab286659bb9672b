//! The report about groups.

use std::fmt;
use std::time::Duration;

use roamd_bench::{Load, Run, Series, SignIns, micros, spread};

use super::context::{MEMBERS, SERVERS};
use super::large_state::{FLAGS, Start};
use super::lists::Lists;
use super::sign_ins::SignInRuns;

/// Results about groups.
pub(crate) struct GroupReport {
    pub(super) machine: String,
    pub(super) load: Load,
    pub(super) rounds: usize,
    pub(super) lists: Lists,
    pub(super) sign_ins: SignInRuns,
    /// Delays of revocations, the shortest first.
    pub(super) delays: Vec<Duration>,
    /// Starts without flags, and with them.
    pub(super) large_state: Vec<[Start; 2]>,
}

impl fmt::Display for GroupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}; {MEMBERS} members of etcd on the same cores; {} rounds of {} s each, {} \
             connections; medians (minimum to maximum)\n",
            self.machine,
            self.rounds,
            self.load.duration.as_secs(),
            self.load.connections
        )?;
        writeln!(
            f,
            "| state | lists/s | CPU/list | sign-ins/s | CPU/sign-in |"
        )?;
        writeln!(f, "|---|---|---|---|---|")?;
        let SignInRuns { sqlite, etcd } = &self.sign_ins;
        for (lists, sign_ins) in [(&self.lists.sqlite, sqlite), (&self.lists.etcd, etcd)] {
            let of_sign_ins = |value: fn(&SignIns) -> f64| sign_ins.iter().map(value);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} |",
                lists.subject,
                lists.spread(Run::per_second, |rate| format!("{rate:.0}")),
                lists.spread(cpu, micros),
                spread(of_sign_ins(sign_ins_per_second), |rate| format!(
                    "{rate:.0}"
                )),
                spread(of_sign_ins(|run| run.server_cpu.as_secs_f64()), micros),
            )?;
        }
        let Lists {
            sqlite,
            etcd,
            one_and_all,
        } = &self.lists;
        writeln!(f, "\n| figure | result |\n|---|---|")?;
        let cpu_ratios = ratios(sqlite, etcd);
        let row = |f: &mut fmt::Formatter<'_>, name: &str, result: String| {
            writeln!(f, "| {name} | {result} |")
        };
        row(
            f,
            "CPU of a list with etcd ÷ with SQLite",
            spread(cpu_ratios, |ratio| format!("{ratio:.3}")),
        )?;
        row(
            f,
            &format!("lists/s of {SERVERS} servers ÷ of one"),
            spread(one_and_all.iter().map(|(one, all)| all / one), |ratio| {
                format!("{ratio:.3}")
            }),
        )?;
        for (name, percent) in [("50th", 50), ("99th", 99), ("100th", 100)] {
            row(
                f,
                &format!("delay of a revocation, {name} percentile"),
                milliseconds(self.delay(percent).as_secs_f64()),
            )?;
        }
        for (index, flags) in [0, FLAGS].into_iter().enumerate() {
            let starts = self.large_state.iter().filter_map(|pair| pair.get(index));
            row(
                f,
                &format!("start with {flags} flags"),
                spread(starts.map(|it| it.duration.as_secs_f64()), milliseconds),
            )?;
        }
        let memory = self
            .large_state
            .iter()
            .map(|[without, with]| (with.memory as f64 - without.memory as f64) / 1024.0);
        row(
            f,
            &format!("memory for {FLAGS} flags"),
            spread(memory, |size| format!("{size:.1} MiB")),
        )
    }
}

impl GroupReport {
    /// Returns the delay that this percentage of all does not exceed.
    fn delay(&self, percent: usize) -> Duration {
        let last = self.delays.len().saturating_sub(1);
        let index = last * percent / 100;
        self.delays.get(index).copied().unwrap_or_default()
    }
}

fn cpu(run: &Run) -> f64 {
    run.subject_cpu_per_request().as_secs_f64()
}

fn sign_ins_per_second(run: &SignIns) -> f64 {
    run.count as f64 / run.duration.as_secs_f64()
}

/// Returns the ratio of the processor times of each round.
fn ratios(sqlite: &Series, etcd: &Series) -> impl Iterator<Item = f64> {
    let rounds = sqlite.runs.iter().zip(&etcd.runs);
    rounds.map(|(sqlite, etcd)| cpu(etcd) / cpu(sqlite))
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}
