//! Builds of the program whose functions are ordered.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Environment variable that makes this program a linker. Its value is the path of the list.
const VARIABLE: &str = "ROAMD_FUNCTION_ORDER";

/// Extension of the file, beside a linked program, with its ordered symbols.
pub(super) const ORDER: &str = "order";

/// Flag of the compiler for symbols that name the types of generic functions.
const MANGLING: &str = "-C symbol-mangling-version=v0";

/// Returns the path of the list in a source tree.
pub(crate) fn list(sources: &Path) -> PathBuf {
    sources.join("dist/function-order.txt")
}

/// Returns the path of the list, if this process has to be a linker.
pub(crate) fn requested() -> Option<PathBuf> {
    env::var_os(VARIABLE).map(PathBuf::from)
}

/// Makes a build of a source tree order the functions of `roamd`. `flags` are further flags of the
/// compiler.
pub(crate) fn apply(
    build: &mut Command,
    sources: &Path,
    target: &str,
    flags: &[String],
) -> Result<()> {
    let this = env::current_exe().context("cannot find this program")?;
    let flags = [&[MANGLING.to_owned()], flags].concat();
    build
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", flags.join(" "))
        .env(linker_variable(target), this)
        .env(VARIABLE, list(sources));
    Ok(())
}

/// Checks that the list of a source tree fits the program that was built with it, in this folder.
///
/// # Errors
/// If less than half of the listed functions are in the program.
pub(crate) fn check(sources: &Path, folder: &Path) -> Result<()> {
    let listed = count_lines(&list(sources))?;
    let mut ordered = 0;
    let folder = folder.join("deps");
    let files = fs::read_dir(&folder);
    for file in files.with_context(|| format!("cannot read {}", folder.display()))? {
        let path = file?.path();
        if path.extension().is_some_and(|it| it == ORDER) {
            ordered += count_lines(&path)?;
        }
    }
    println!("{ordered} functions are ordered; the list has {listed}.");
    if ordered < listed / 2 {
        bail!("the list of functions is too old: run `cargo xtask function-order`");
    }
    Ok(())
}

fn count_lines(path: &Path) -> Result<usize> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().count())
}

/// Name of the environment variable that tells cargo the linker for a target.
fn linker_variable(target: &str) -> OsString {
    let target = target.to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{target}_LINKER").into()
}
