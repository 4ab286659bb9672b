//! Load for a program that counts its own branches, so that a second build can be optimised for it.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use roamd_bench::{Load, SESSIONS, Setup, Subject, measure_sign_ins};

use crate::farms;

/// The load of each part.
const LOAD: Load = Load {
    duration: Duration::from_secs(5),
    connections: 32,
};

/// Lists sessions, signs in, and queries many farms. Nothing is measured.
///
/// # Errors
/// If the program does not start, or fails under load.
pub(crate) fn train(roamd: &Path) -> Result<()> {
    {
        // When it is dropped the programs end, and write their counts.
        let setup = Setup::start(roamd)?;
        Subject::server("roamd", &setup.server, Some(&setup.farm), SESSIONS)?.run(LOAD)?;
        measure_sign_ins(&setup, LOAD)?;
    }
    farms::measure(roamd, 1, Duration::from_secs(2), LOAD.connections)?;
    Ok(())
}
