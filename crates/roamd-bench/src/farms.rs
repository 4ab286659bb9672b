//! What the gateway adds to a farm's answer, what many farms cost, and what one costs that hangs.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::load::{Front, Series, WARM_UP, in_turn};
use crate::played_farm::{Manner, Player};
use crate::service::Usage;
use crate::setup::{Farm, Gateway, SESSIONS, Setup};

/// Farms of a store.
pub(crate) const FARMS: usize = 64;
/// What a played farm takes for an answer.
pub(crate) const DELAY: Duration = Duration::from_millis(20);
/// Connections of a low load.
const LOW: [usize; 2] = [1, 8];
/// Longer than a farm's deadline and a probe, so that a controller that hangs is known by then.
const LONG_WARM_UP: Duration = Duration::from_secs(12);

/// The figures. Each list is measured in turn.
pub(crate) struct Figures {
    /// A real farm and the gateway before it, for each low load.
    pub(crate) added: Vec<Series>,
    /// One played farm, and the gateway before all of them.
    pub(crate) many: Vec<Series>,
    /// All farms but one; with one more whose only controller hangs; with one more that has a
    /// second controller.
    pub(crate) hanging: Vec<Series>,
    /// The gateway before all farms, before its first request and after the load.
    pub(crate) memory: (Usage, Usage),
}

/// Measures. `connections` are those of the high load.
pub(crate) fn measure(
    roamd: &Path,
    rounds: usize,
    duration: Duration,
    connections: usize,
) -> Result<Figures> {
    let added = {
        let setup = Setup::start(roamd)?;
        let farm = Front::farm(&setup)?;
        let gateway = Front::gateway("roamd", &setup.gateway, Some(&setup.farm), SESSIONS)?;
        let trials: Vec<_> = LOW
            .into_iter()
            .flat_map(|connections| [(&farm, connections), (&gateway, connections)])
            .collect();
        in_turn(&trials, rounds, duration, WARM_UP)?
    };

    let folder = tempfile::tempdir()?;
    let player = Player::start()?;
    let farms = |hanging: &[Manner]| -> Result<Vec<Farm>> {
        let mut all = vec![vec![Manner::Answers(DELAY)]; FARMS];
        if !hanging.is_empty() {
            // The last one, because the first is the one that checks passwords.
            all.pop();
            all.push(hanging.to_vec());
        }
        let farm = |(number, manners): (usize, Vec<Manner>)| {
            let controllers = manners.into_iter().map(|manner| player.controller(manner));
            Ok(Farm {
                id: format!("F{number}"),
                controllers: controllers.collect::<Result<_>>()?,
            })
        };
        all.into_iter().enumerate().map(farm).collect()
    };
    let start =
        |name: &str, farms: &[Farm]| Gateway::start(roamd, &folder.path().join(name), farms);

    let mut healthy = farms(&[])?;
    let gateway = start("all", &healthy)?;
    let idle = gateway.service.usage()?;
    let all = Front::gateway("roamd, 64 farms", &gateway, None, FARMS)?;
    let one = Front::played("one farm alone", player.controller(Manner::Answers(DELAY))?)?;
    let many = in_turn(
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
    let memory = (idle, gateway.service.usage()?);

    healthy.pop();
    let without = start("without", &healthy)?;
    let with = start("with", &farms(&[Manner::Hangs])?)?;
    let second = start("second", &farms(&[Manner::Hangs, Manner::Answers(DELAY)])?)?;
    let fronts = [
        Front::gateway("roamd, 63 farms", &without, None, FARMS - 1)?,
        Front::gateway("… and one that hangs", &with, None, FARMS - 1)?,
        Front::gateway(
            "… and one with one of two controllers that hangs",
            &second,
            None,
            FARMS,
        )?,
    ];
    let trials = fronts.each_ref().map(|front| (front, connections));
    let hanging = in_turn(&trials, rounds, duration, LONG_WARM_UP)?;

    Ok(Figures {
        added,
        many,
        hanging,
        memory,
    })
}
