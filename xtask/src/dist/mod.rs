//! `cargo xtask dist`: the files of a release, from the last commit, in `target/dist`.
//!
//! The package for Debian contains a program for Debian's C library, which is the fastest; all
//! others contain one static program. The same commit gives the same bytes.

mod check;
mod deb;
mod image;
mod notices;
mod release;
mod rpm;
mod stage;
mod sums;
mod tarball;

use std::fs;

use anyhow::Result;

use self::release::{Release, VERSION};
use crate::files::copy;
use crate::reproduce::Linking;
use crate::sbom;
use crate::tools::{Program, ensure_programs};

/// What `cargo xtask dist` does.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Test the packages too: lintian, lives in a clean Debian with systemd, the image, the
    /// manifests.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Programs that make the packages, each from Debian.
const PROGRAMS: [Program; 3] = [
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
];

/// Makes all files of a release, and tests them on request.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure_programs(&PROGRAMS)?;
    let release = Release::new()?;
    let (debian, others) = (Linking::System.built()?, Linking::Static.built()?);
    stage::write(&release, &others.program)?;
    let package = deb::write(&release, &debian.program, VERSION)?;
    let files = [
        tarball::write(&release)?,
        package.clone(),
        rpm::write(&release, VERSION)?,
        image::write(&release)?,
        copy(&debian.debug, &release.named("deb.debug"))?,
        copy(&others.debug, &release.named("debug"))?,
        copy(&sbom::write()?, &release.named("cdx.json"))?,
    ];
    sums::write(&release, &files)?;
    for file in &files {
        let size = fs::metadata(file)?.len();
        println!("{:>6} KiB  {}", size / 1024, file.display());
    }
    if args.check {
        check::run_all(&release, &debian.program, &others.program, &package)?;
    }
    Ok(())
}
