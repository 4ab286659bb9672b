//! `cargo xtask fuzz`: runs the fuzz targets for a limited time.

use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::process::{cargo, root, run};
use crate::tools::ensure_cargo_command;

const CARGO_FUZZ: &str = "0.13.2";

const HOUR: u32 = 3600;

/// Which targets run, and for how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds for all targets together.
    #[arg(long, default_value_t = HOUR, value_name = "N")]
    total_seconds: u32,
    /// Seconds for each target.
    #[arg(long, conflicts_with = "total_seconds", value_name = "N")]
    seconds: Option<u32>,
    /// The targets; all of them if none is given.
    #[arg(value_enum)]
    targets: Vec<Target>,
}

/// A file in `fuzz/fuzz_targets`.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Target {
    /// Requests of a client to a store.
    StoreRequest,
    /// Responses of a store.
    StoreResponse,
    /// NFuse requests to a farm or a ticket authority.
    NfuseRequest,
    /// NFuse responses of a farm or a ticket authority.
    NfuseResponse,
    /// Arbitrary bytes as XML.
    Xml,
    /// Tokens in an `Authorization` header.
    Token,
    /// Posts of the sign-in form, with their cookie.
    Conversation,
    /// Session ids and resource ids in a URL.
    Ids,
    /// HTTP headers of clients and stores.
    Headers,
    /// Values that become part of an ICA file.
    Ica,
    /// The configuration file of the server.
    Configuration,
    /// Files of StoreFront that are imported.
    StorefrontImport,
    /// The world file of the embedded farms.
    World,
    /// The key file of the server.
    KeyRing,
    /// Accounts that farms name in responses to sign-ins.
    Account,
    /// The file of the shared state.
    StateFile,
    /// The file of revocations by operators.
    Revocations,
    /// Paths, cookies and parameters of requests to a web site.
    Web,
}

impl Args {
    /// Returns all targets, with five minutes for all together.
    pub(crate) fn five_minutes() -> Self {
        Self {
            total_seconds: 5 * 60,
            seconds: None,
            targets: Vec::new(),
        }
    }
}

/// Fuzzes as many targets at a time as there are processors, and begins no more after the first
/// input that fails.
pub(crate) fn run_targets(args: &Args) -> Result<()> {
    ensure_cargo_command("cargo-fuzz", CARGO_FUZZ)?;
    let processors = thread::available_parallelism().context("cannot count processors")?;
    let targets = if args.targets.is_empty() {
        Target::value_variants()
    } else {
        &args.targets[..]
    };
    let count = u32::try_from(targets.len()).context("too many targets")?;
    let seconds = args.seconds.unwrap_or(args.total_seconds / count).max(1);
    // First, so that the time of no target runs during the build of another one.
    run(cargo_fuzz().arg("build"))?;
    let left = Mutex::new(targets.iter());
    let next = || left.lock().map_or(None, |mut left| left.next());
    let fuzz_in_turn = || {
        std::iter::from_fn(next).try_for_each(|target| {
            let fuzzed = fuzz(*target, seconds);
            if fuzzed.is_err() {
                // The other threads begin no more.
                std::iter::from_fn(next).for_each(drop);
            }
            fuzzed
        })
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..processors.get())
            .map(|_| scope.spawn(fuzz_in_turn))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            let fuzzed = thread.join();
            fuzzed.unwrap_or_else(|_| bail!("a thread panicked"))
        })
    })
}

fn cargo_fuzz() -> Command {
    let mut cargo = cargo();
    // The sanitizers need unstable options; this lets the stable compiler accept them.
    cargo.env("RUSTC_BOOTSTRAP", "1").arg("fuzz");
    cargo
}

fn fuzz(target: Target, seconds: u32) -> Result<()> {
    let value = target.to_possible_value();
    let value = value.context("a fuzz target has no name")?;
    let target = value.get_name();
    // libFuzzer writes new inputs to the first folder. It only reads the second, which is
    // committed.
    let found = root().join("target/fuzz-corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("cannot create {}", found.display()))?;
    let seeds = root().join("fuzz/corpus").join(target);
    run(cargo_fuzz()
        .args(["run", target])
        .arg(&found)
        .args(seeds.is_dir().then_some(&seeds))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        // A request has at most 64 KiB. Taking seconds for one is a failure, too.
        .args([
            "-max_len=65536",
            "-timeout=5",
            "-print_final_stats=1",
            "-verbosity=0",
        ]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn targets_are_the_files_of_the_fuzz_folder() {
        let targets = Target::value_variants().iter();
        let targets: BTreeSet<String> = targets
            .filter_map(Target::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        let files: BTreeSet<String> = fs::read_dir(root().join("fuzz/fuzz_targets"))
            .unwrap()
            .filter_map(|file| {
                file.unwrap()
                    .path()
                    .file_stem()?
                    .to_str()
                    .map(str::to_owned)
            })
            .collect();
        assert_eq!(targets, files);
    }
}
