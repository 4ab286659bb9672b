//! `cargo xtask function-order`: records which functions a server needs, and how often.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bench;
use crate::files::empty_folder;
use crate::function_order::callgrind::{self, Costs};
use crate::function_order::list;
use crate::process::{root, run};
use crate::tools::{Program, ensure_programs};

/// What the recorded servers are asked for besides lists, as goals of `roamd-bench`.
const GOALS: [&str; 3] = ["fixed-responses", "sign-ins", "tls"];

/// Seconds of each load. In callgrind a program is fifty times as slow.
const SECONDS: &str = "8";

/// Runs servers of the released program in callgrind, and writes the list.
///
/// Callgrind counts instructions, from the start of the server on, so the list hardly depends on
/// the machine.
pub(crate) fn record() -> Result<()> {
    ensure_programs(&[Program {
        name: "valgrind",
        package: "valgrind",
    }])?;
    let released = bench::build_released()?;
    let folder = root().join("target/function-order");
    empty_folder(&folder)?;
    let recorded = write_script(&released, &folder)?;
    let short = ["--rounds", "1", "--seconds", SECONDS];
    let mut lists = bench::measure()?;
    run(lists
        .arg("compare")
        .args([&released, &recorded])
        .args(short))?;
    let mut goals = bench::measure()?;
    goals.arg("goals").arg("--roamd").arg(&recorded);
    bench::add_proxies(&mut goals)?;
    run(goals
        .args(short)
        .args(GOALS.iter().flat_map(|goal| ["--only", goal])))?;
    let mut costs = Costs::new();
    for file in fs::read_dir(&folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|it| it == "out") {
            let record =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            callgrind::add(&mut costs, &String::from_utf8_lossy(&record));
        }
    }
    fs::write(list(root()), ordered(&costs)).context("cannot write the list")?;
    bench::clean_released()
}

/// Writes a script that stands for the program, and runs its servers in callgrind.
fn write_script(program: &Path, folder: &Path) -> Result<PathBuf> {
    let (program, script) = (program.display(), folder.join("roamd"));
    let records = folder.display();
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = serve ]; then\n    \
         exec valgrind --tool=callgrind --demangle=no --callgrind-out-file={records}/%p.out \\\n        \
         {program} \"$@\"\n\
         fi\n\
         exec {program} \"$@\"\n"
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(script)
}

/// Returns the functions, the busiest first, a line each.
fn ordered(costs: &Costs) -> String {
    let mut functions: Vec<(&String, &u64)> = costs.iter().collect();
    functions.sort_unstable_by_key(|(name, cost)| (std::cmp::Reverse(**cost), *name));
    functions
        .iter()
        .map(|(name, _)| format!("{name}\n"))
        .collect()
}
