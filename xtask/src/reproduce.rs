//! `cargo xtask build` and `cargo xtask reproduce`: reproducible builds of the last commit.
//!
//! There are two programs: one for the C library of the system, and a static one, with musl, that
//! runs on every Linux.

use std::env;
use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::commit;
use crate::files::empty_folder;
use crate::function_order;
use crate::process::{cargo, command, find, output, root, run};
use crate::tools::{Program, ensure_programs};

/// The folder of the build below `target`.
///
/// The program contains no path, but the linker derives symbol names from the paths of its inputs.
/// A build in another folder therefore gives other bytes.
const FOLDER: &str = "reproduce";

/// Where the programs are built.
const BUILT: &str = "target/dist";

/// How a program gets its C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linking {
    /// It uses that of the system, glibc. Its functions for memory are several times as fast as
    /// those of musl.
    System,
    /// musl is in the program.
    Static,
}

/// A program that was built, in `target/dist`.
pub(crate) struct Built {
    /// The program, without symbols.
    pub(crate) program: PathBuf,
    /// Its debug information.
    pub(crate) debug: PathBuf,
}

impl Linking {
    /// Returns the target of the compiler.
    pub(crate) fn target(self) -> String {
        let libc = match self {
            Self::System => "gnu",
            Self::Static => "musl",
        };
        format!("{ARCH}-unknown-linux-{libc}")
    }

    fn name(self) -> &'static str {
        match self {
            Self::System => "roamd",
            Self::Static => "roamd-static",
        }
    }

    /// Returns the path of a file of the program.
    fn file(self, suffix: &str) -> PathBuf {
        root().join(BUILT).join(format!("{}{suffix}", self.name()))
    }

    /// Returns the program of the last commit, which is built if it is missing.
    pub(crate) fn built(self) -> Result<Built> {
        let built = fs::read_to_string(self.file(".commit")).unwrap_or_default();
        if built == commit::id()? {
            Ok(self.files())
        } else {
            self.build()
        }
    }

    /// Builds the last commit.
    fn build(self) -> Result<Built> {
        // A commit that is made during the build is not in the program.
        let commit = commit::id()?;
        let program = build_commit(self, &commit)?;
        let folder = root().join(BUILT);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let built = self.files();
        split(&program, &built.program, &built.debug)?;
        fs::write(self.file(".commit"), commit).context("cannot write the commit")?;
        println!("{} {}", sha256(&built.program)?, built.program.display());
        Ok(built)
    }

    fn files(self) -> Built {
        Built {
            program: self.file(""),
            debug: self.file(".debug"),
        }
    }
}

/// Builds the last commit for the C library of the system, and writes the program to
/// `target/dist/roamd` and its debug information to `target/dist/roamd.debug`.
pub(crate) fn build() -> Result<()> {
    Linking::System.build().map(drop)
}

/// Splits a program into one without symbols, and its debug information. Debuggers find the latter
/// by its name, beside the program.
fn split(program: &Path, stripped: &Path, debug: &Path) -> Result<()> {
    ensure_programs(&[Program {
        name: "objcopy",
        package: "binutils",
    }])?;
    run(command("objcopy")
        .args(["--only-keep-debug", "--compress-debug-sections"])
        .args([program, debug]))?;
    run(command("objcopy")
        .arg("--strip-all")
        .arg(format!("--add-gnu-debuglink={}", debug.display()))
        .args([program, stripped]))
}

/// Builds the last commit twice from an empty folder and compares the static programs, with their
/// debug information. The second one stays, as the one of [`Linking::built`].
pub(crate) fn compare() -> Result<()> {
    let sums = || {
        let built = Linking::Static.build()?;
        anyhow::Ok((sha256(&built.program)?, sha256(&built.debug)?))
    };
    if sums()? != sums()? {
        bail!("the two programs differ");
    }
    println!("Both programs are identical.");
    Ok(())
}

/// Builds a commit in an empty folder, and returns the path of the program.
fn build_commit(linking: Linking, commit: &str) -> Result<PathBuf> {
    let target = linking.target();
    if linking == Linking::Static {
        ensure_target(&target)?;
    }
    let folder = root().join("target").join(FOLDER);
    empty_folder(&folder)?;
    compile(&folder, commit, &target, &commit::time()?)
}

/// Installs the standard library and the C compiler for a target with musl.
fn ensure_target(target: &str) -> Result<()> {
    ensure_programs(&[Program {
        name: "musl-gcc",
        package: "musl-tools",
    }])?;
    let libraries =
        output(command("rustc").args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    if find("rustup").is_none() {
        bail!("the target {target} is missing: install the standard library of Rust for it");
    }
    run(command("rustup").args(["target", "add", target]))
}

/// Unpacks a commit into a folder and builds it there. `committed` is its Unix time.
fn compile(folder: &Path, commit: &str, target: &str, committed: &str) -> Result<PathBuf> {
    let archive = folder.with_extension("tar");
    run(command("git")
        .args(["archive", "--format=tar", "--output"])
        .arg(&archive)
        .arg(commit))?;
    run(command("tar")
        .arg("--extract")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(folder))?;
    let source = folder.display();
    let registry = cargo_home()?;
    let registry = registry.display();
    let mut build = cargo();
    build
        .current_dir(folder)
        .args([
            "build",
            "--profile",
            "dist",
            "--locked",
            "--package",
            "roamd",
            "--target",
            target,
        ])
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        // C compilers use it in place of the present time.
        .env("SOURCE_DATE_EPOCH", committed)
        .env(
            "CFLAGS",
            format!("-ffile-prefix-map={source}=/roamd -ffile-prefix-map={registry}=/cargo"),
        );
    let paths = [(source, "/roamd"), (registry, "/cargo")];
    let flags = paths.map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    function_order::apply(&mut build, folder, target, &flags)?;
    run(&mut build)?;
    let built = folder.join("target").join(target).join("dist");
    function_order::check(folder, &built)?;
    Ok(built.join("roamd"))
}

fn sha256(file: &Path) -> Result<String> {
    let sum = output(command("sha256sum").arg("--binary").arg(file))?;
    Ok(sum.split(' ').next().unwrap_or_default().to_owned())
}

fn cargo_home() -> Result<PathBuf> {
    match env::var_os("CARGO_HOME") {
        Some(home) => Ok(home.into()),
        None => Ok(env::home_dir()
            .context("there is no home folder")?
            .join(".cargo")),
    }
}
