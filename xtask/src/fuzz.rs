//! `cargo xtask fuzz`: runs the fuzz targets for a limited time.

use std::fs;

use anyhow::{Context, Result};
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

/// Fuzzes one target after the other, and stops at the first input that fails.
pub(crate) fn run_targets(args: &Args) -> Result<()> {
    ensure_cargo_command("cargo-fuzz", CARGO_FUZZ)?;
    let targets = if args.targets.is_empty() {
        Target::value_variants()
    } else {
        &args.targets[..]
    };
    let count = u32::try_from(targets.len()).context("too many targets")?;
    let seconds = args.seconds.unwrap_or(args.total_seconds / count).max(1);
    for target in targets {
        let value = target
            .to_possible_value()
            .context("a fuzz target has no name")?;
        fuzz(value.get_name(), seconds)?;
    }
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    // libFuzzer writes new inputs to the first folder. It only reads the second, which is
    // committed.
    let found = root().join("target/fuzz-corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("cannot create {}", found.display()))?;
    let seeds = root().join("fuzz/corpus").join(target);
    run(cargo()
        // The sanitizers need unstable options; this lets the stable compiler accept them.
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", target])
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
