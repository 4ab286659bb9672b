//! The linker of a build that orders functions: that of the system, with one more argument.

use std::collections::HashMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};

use super::program::ORDER;
use super::symbol::name;
use crate::process::output;

/// Name of the program whose functions are ordered. The compiler appends a hash.
const PROGRAM: &str = "roamd-";

/// Links what the compiler asks for. `list` is the path of the list of functions.
pub(crate) fn link(list: &Path) -> Result<ExitStatus> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let mut linker = Command::new("cc");
    linker.args(&arguments);
    if let Some(program) = program(&arguments) {
        let order = program.with_extension(ORDER);
        fs::write(&order, order_of(list, &arguments)?)
            .with_context(|| format!("cannot write {}", order.display()))?;
        // The linker of GNU has no such option. That of LLVM is part of Rust.
        if !arguments.iter().any(|it| it == "-fuse-ld=lld") {
            linker.arg("-fuse-ld=lld").arg(lld_folder()?);
        }
        let mut ordering = OsString::from("-Wl,--symbol-ordering-file=");
        ordering.push(&order);
        linker.arg(ordering).arg("-Wl,--no-warn-symbol-ordering");
    }
    linker.status().context("cannot run cc")
}

/// Returns the path of the linked program, if it is the one whose functions are ordered.
fn program(arguments: &[OsString]) -> Option<PathBuf> {
    let mut arguments = arguments.iter().skip_while(|it| *it != "-o");
    let program = Path::new(arguments.nth(1)?);
    let name = program.file_name()?.to_str()?;
    let hash = name.strip_prefix(PROGRAM)?;
    let is_hash = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| program.to_owned())
}

/// Returns the argument with the folder of the linker of LLVM.
fn lld_folder() -> Result<OsString> {
    let libraries = output(Command::new("rustc").args(["--print", "target-libdir"]))?;
    let target = Path::new(libraries.trim()).parent().context("no folder")?;
    let mut argument = OsString::from("-B");
    argument.push(target.join("bin/gcc-ld"));
    Ok(argument)
}

/// Returns the symbols of the inputs that the list names, in its order, a line each.
fn order_of(list: &Path, arguments: &[OsString]) -> Result<String> {
    let list =
        fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let places: HashMap<&str, usize> = list.lines().zip(0..).collect();
    let inputs = arguments.iter().filter(|it| is_input(it));
    let symbols = output(
        Command::new("nm")
            .args(["--defined-only", "--format=just-symbols"])
            .args(inputs),
    )?;
    let mut found: Vec<(usize, &str)> = symbols
        .lines()
        .filter_map(|symbol| Some((*places.get(&*name(symbol))?, symbol)))
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found
        .iter()
        .map(|(_, symbol)| format!("{symbol}\n"))
        .collect())
}

fn is_input(argument: &OsStr) -> bool {
    let extension = Path::new(argument).extension();
    extension.is_some_and(|it| it == "o" || it == "rlib")
}
