//! The machine and the programs that were measured.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::Usage;

/// Formats seconds as microseconds.
#[must_use]
pub fn micros(seconds: f64) -> String {
    format!("{:.0} µs", seconds * 1e6)
}

/// Formats resident memory in MiB.
#[must_use]
pub fn mebibytes(usage: Usage) -> String {
    format!("{:.1} MiB", usage.memory as f64 / 1024.0)
}

/// Returns the number of cores and the model of the processor.
///
/// # Errors
/// If `/proc/cpuinfo` cannot be read.
pub fn machine() -> Result<String> {
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

/// Returns the version that a program prints on either stream.
///
/// # Errors
/// If the program cannot be run.
pub fn version(program: &Path, argument: &str) -> Result<String> {
    let output = Command::new(program)
        .arg(argument)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}
