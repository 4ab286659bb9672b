//! `cargo xtask fuzz`: a bounded run of the fuzz targets.

use std::fs;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::process::{cargo, root, run};
use crate::tools::ensure_cargo_command;

const CARGO_FUZZ: &str = "0.13.2";

const HOUR: u32 = 3600;

/// What to fuzz, and for how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long all targets run together.
    #[arg(long, default_value_t = HOUR, value_name = "N")]
    total_seconds: u32,
    /// How long each target runs.
    #[arg(long, conflicts_with = "total_seconds", value_name = "N")]
    seconds: Option<u32>,
    /// The targets; all of them if none is named.
    #[arg(value_enum)]
    targets: Vec<Target>,
}

/// A file of `fuzz/fuzz_targets`.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Target {
    /// What a client may send to a store.
    StoreRequest,
    /// What a store may answer.
    StoreAnswer,
    /// What a gateway, or anybody, may send to a farm.
    NfuseRequest,
    /// What a farm may answer.
    NfuseAnswer,
    /// Any bytes, as XML.
    Xml,
    /// What a client may say that its token is.
    Token,
    /// A post to the sign-in form, with its cookie.
    Conversation,
    /// Ids of sessions and resources in a URL.
    Ids,
    /// Headers of clients and stores.
    Headers,
    /// What an ICA file is made of.
    Ica,
    /// The configuration of a gateway.
    Configuration,
    /// The world of embedded farms.
    World,
    /// The keys of a gateway.
    KeyRing,
}

impl Args {
    /// All targets, five minutes together.
    pub(crate) fn five_minutes() -> Self {
        Self {
            total_seconds: 5 * 60,
            seconds: None,
            targets: Vec::new(),
        }
    }
}

/// Fuzzes each target in turn, and stops at the first input that breaks one.
pub(crate) fn run_targets(args: &Args) -> Result<()> {
    ensure_cargo_command("cargo-fuzz", CARGO_FUZZ)?;
    let targets = if args.targets.is_empty() {
        Target::value_variants()
    } else {
        &args.targets[..]
    };
    let count = u32::try_from(targets.len()).context("there are more targets than seconds")?;
    let seconds = args.seconds.unwrap_or(args.total_seconds / count).max(1);
    for target in targets {
        let value = target.to_possible_value().context("a target has a name")?;
        fuzz(value.get_name(), seconds)?;
    }
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    // libFuzzer adds what it finds to the first folder and only reads the second, the committed one.
    let found = root().join("target/fuzz-corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let seeds = root().join("fuzz/corpus").join(target);
    run(cargo()
        // The sanitizers need unstable options, which the stable compiler has too.
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", target])
        .arg(&found)
        .args(seeds.is_dir().then_some(&seeds))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        // A request is at most 64 KiB; one that takes seconds is a fault as well.
        .args([
            "-max_len=65536",
            "-timeout=5",
            "-print_final_stats=1",
            "-verbosity=0",
        ]))
}
