//! `cargo xtask dist`: the files of a release, from the last commit, in `target/dist`.
//!
//! All packages contain the same static program. The same commit gives the same bytes.

mod check;
mod deb;
mod files;
mod image;
mod notices;
mod release;
mod rpm;
mod stage;
mod sums;
mod tarball;

use std::fs;

use anyhow::Result;

use self::files::copy;
use self::release::{Release, VERSION};
use crate::tools::{Program, ensure_programs};
use crate::{reproduce, sbom};

/// What `cargo xtask dist` does.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Test the packages too: lintian, a life in a clean Debian, the image, the manifests.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Programs that make the packages, each from Debian.
const PROGRAMS: [Program; 4] = [
    Program {
        name: "dpkg-deb",
        package: "dpkg",
    },
    Program {
        name: "rpmbuild",
        package: "rpm",
    },
    Program {
        name: "umoci",
        package: "umoci",
    },
    Program {
        name: "skopeo",
        package: "skopeo",
    },
];

/// Makes all files of a release, and tests them on request.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure_programs(&PROGRAMS)?;
    let release = Release::new()?;
    let program = reproduce::built_program()?;
    stage::write(&release, &program)?;
    let files = [
        tarball::write(&release)?,
        deb::write(&release, VERSION)?,
        rpm::write(&release)?,
        image::write(&release)?,
        copy(&reproduce::debug_file(), &release.named("debug"))?,
        copy(&sbom::write()?, &release.named("cdx.json"))?,
    ];
    sums::write(&release, &files)?;
    for file in &files {
        let size = fs::metadata(file)?.len();
        println!("{:>6} KiB  {}", size / 1024, file.display());
    }
    if args.check {
        check::run_all(&release)?;
    }
    Ok(())
}
