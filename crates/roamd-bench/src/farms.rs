//! Latency that the server adds to a farm, cost of many farms, and effect of a farm that hangs.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use roamd_bench::{
    Load, SESSIONS, Series, ServerProcess, Setup, Subject, Usage, WARM_UP, measure_in_rounds,
};
use roamd_testkit::FarmConfig;

use crate::scripted_farms::{Behaviour, ScriptedFarms};

/// Number of farms of a store.
pub(crate) const FARMS: usize = 64;
/// Response time of a scripted farm.
pub(crate) const DELAY: Duration = Duration::from_millis(20);
/// Numbers of connections of a low load.
const LOW: [usize; 2] = [1, 8];
/// Longer than a farm's deadline and a probe, after which a hanging controller is marked down.
const LONG_WARM_UP: Duration = Duration::from_secs(12);

/// One list at a time after the load. Connections to farms are kept for longer.
pub(crate) const CALM: Load = Load {
    duration: Duration::from_secs(2),
    connections: 1,
};

/// The results. The subjects of each list were measured in the same rounds.
pub(crate) struct Results {
    /// A real farm and the server in front of it, for each low load.
    pub(crate) added: Vec<Series>,
    /// One scripted farm, and the server in front of all of them.
    pub(crate) many: Vec<Series>,
    /// All farms but one; with one more whose only controller hangs; with one more whose first of
    /// two controllers hangs.
    pub(crate) hanging: Vec<Series>,
    /// Usage of the server in front of all farms.
    pub(crate) memory: Memory,
}

/// Usage of a server at three times.
pub(crate) struct Memory {
    /// Before its first request.
    pub(crate) idle: Usage,
    /// At the end of the load.
    pub(crate) loaded: Usage,
    /// After [`CALM`], with the connections of the load still open: the allocator returns memory
    /// while there is some work.
    pub(crate) calm: Usage,
}

/// Measures all of them. `connections` is the number for the high load.
pub(crate) fn measure(
    roamd: &Path,
    rounds: usize,
    duration: Duration,
    connections: usize,
) -> Result<Results> {
    let added = {
        let setup = Setup::start(roamd)?;
        let farm = Subject::farm(&setup)?;
        let server = Subject::server("roamd", &setup.server, Some(&setup.farm.process), SESSIONS)?;
        let trials: Vec<_> = LOW
            .into_iter()
            .flat_map(|connections| [(&farm, connections), (&server, connections)])
            .collect();
        measure_in_rounds(&trials, rounds, duration, WARM_UP)?
    };

    let folder = tempfile::tempdir()?;
    let scripted = ScriptedFarms::start()?;
    let farms = |hanging: &[Behaviour]| -> Vec<FarmConfig> {
        let mut all = vec![vec![Behaviour::Responds(DELAY)]; FARMS];
        if !hanging.is_empty() {
            // The last one, because the first farm checks passwords.
            all.pop();
            all.push(hanging.to_vec());
        }
        scripted.farms(all)
    };
    let start = |name: &str, farms: &[FarmConfig]| {
        ServerProcess::start(roamd, &folder.path().join(name), farms)
    };

    let mut healthy = farms(&[]);
    let server = start("all", &healthy)?;
    let idle = server.process.usage()?;
    let all = Subject::server("roamd, 64 farms", &server, None, FARMS)?;
    let one = Subject::scripted(
        "one farm alone",
        scripted.controller(Behaviour::Responds(DELAY)).address(),
    )?;
    let many = measure_in_rounds(
        &[
            (&one, 1),
            (&all, 1),
            (&one, connections),
            (&all, connections),
        ],
        rounds,
        duration,
        WARM_UP,
    )?;
    let loaded = server.process.usage()?;
    all.run(CALM)?;
    let memory = Memory {
        idle,
        loaded,
        calm: server.process.usage()?,
    };

    healthy.pop();
    let without = start("without", &healthy)?;
    let with = start("with", &farms(&[Behaviour::Hangs]))?;
    let second = start(
        "second",
        &farms(&[Behaviour::Hangs, Behaviour::Responds(DELAY)]),
    )?;
    let subjects = [
        Subject::server("roamd, 63 farms", &without, None, FARMS - 1)?,
        Subject::server("… and one that hangs", &with, None, FARMS - 1)?,
        Subject::server(
            "… and one with one of two controllers that hangs",
            &second,
            None,
            FARMS,
        )?,
    ];
    let trials = subjects.each_ref().map(|subject| (subject, connections));
    let hanging = measure_in_rounds(&trials, rounds, duration, LONG_WARM_UP)?;

    Ok(Results {
        added,
        many,
        hanging,
        memory,
    })
}
