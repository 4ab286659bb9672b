//! All attacks of our own, and what others experience during them.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use roamd_bench::{Setup, runtime};

use super::attack::{self, ATTACKS, Attack};
use super::attackers::{Attackers, sign_in_as_attacker};
use super::sources::Sources;
use super::tally::Outcomes;
use super::target::Target;
use super::victims::{Experience, experience, first_sign_in};

/// Factor by which an attack may raise the 99th percentiles of other users.
const FACTOR: u32 = 3;

/// Longest visit of the farm that is good during every attack, and 99th percentiles that are good
/// after it: there are few visits, and few sign-ins in each measurement of the recovery.
const GOOD_LATENCY: Duration = Duration::from_millis(100);

/// Runs of an attack of which one has to be good: other programs share the machine, and each
/// percentile is that of a few hundred sign-ins.
const RUNS: usize = 3;

/// Longest acceptable time for a response about the health.
const MAX_HEALTH: Duration = Duration::from_millis(50);

/// Time after an attack in which the server has to recover.
const RECOVERY: Duration = Duration::from_secs(5);

/// Time of each measurement of the recovery.
const RECOVERY_STEP: Duration = Duration::from_millis(500);

/// `MemoryMax` of the unit, in KiB.
const MEMORY_MAX: u64 = 1280 * 1024;

/// One attack and its results.
pub(crate) struct ScriptedAttack {
    pub(crate) name: &'static str,
    alone: Experience,
    attacked: Experience,
    /// Actions of the attackers.
    actions: u64,
    /// What the attackers got.
    outcomes: Outcomes,
    /// Whether the attackers reached what they aimed at.
    reached: bool,
    /// Most resident memory of the server and of the farm, in KiB.
    peak_memory: [u64; 2],
    recovered_after: Option<Duration>,
    /// Number of this run of the attack, from 1.
    repetition: usize,
}

/// Runs all attacks whose names contain a text, for `duration` each, after as long without it. One
/// that slows others down is run again.
pub(crate) fn attack_all(
    setup: &Setup,
    roamd: &Path,
    sources: Sources,
    duration: Duration,
    only: &str,
) -> Result<Vec<ScriptedAttack>> {
    let chosen = ATTACKS.iter().filter(|attack| attack.name.contains(only));
    chosen
        .enumerate()
        .map(|(number, attack)| {
            eprintln!("{}", attack.name);
            let mut repetition = 1;
            loop {
                let name = format!("scripted-{number}-{repetition}");
                let result = run(setup, roamd, &name, *attack, sources, duration)
                    .with_context(|| format!("attack: {}", attack.name))?;
                if repetition == RUNS || result.verdict().is_ok() {
                    return Ok(ScriptedAttack {
                        repetition,
                        ..result
                    });
                }
                repetition += 1;
            }
        })
        .collect()
}

fn run(
    setup: &Setup,
    roamd: &Path,
    name: &str,
    attack: Attack,
    sources: Sources,
    duration: Duration,
) -> Result<ScriptedAttack> {
    let target = Target::start(setup, roamd, name, attack.action)?;
    let token = first_sign_in(&target)?;
    let stolen = runtime()?
        .block_on(sign_in_as_attacker(&target, sources))?
        .store;
    let alone = experience(&target, &token, duration)?;
    let attackers = Attackers::start(attack, &target, sources, stolen.clone())?;
    let attacked = experience(&target, &token, duration)?;
    let (actions, outcomes) = (attackers.actions(), attackers.outcomes());
    drop(attackers);
    let ended = Instant::now();
    let mut recovered_after = None;
    while recovered_after.is_none() && ended.elapsed() < RECOVERY {
        let now = experience(&target, &token, RECOVERY_STEP)?;
        if is_good(&now, &alone, GOOD_LATENCY) {
            recovered_after = Some(ended.elapsed());
        }
    }
    // Whatever the attacker did with the token, its end is never refused.
    runtime()?.block_on(async {
        let owner = sign_in_as_attacker(&target, sources).await?;
        let stream = sources.connect(0, target.address().port()).await?;
        let mut connection = target.connect(stream).await?;
        let response = connection.send(attack::destroy(&stolen, &owner)?).await?;
        let status = response.status;
        ensure!(status == 200, "the end of the stolen token got {status}");
        let response = connection
            .send(attack::list(&target.attacked_store, &stolen)?)
            .await?;
        let status = response.status;
        ensure!(status == 401, "the ended token got {status}");
        Ok(())
    })?;
    // Whatever the attacker did, the line of the user's sign-in is still there.
    let audit = fs::read_to_string(target.server.data.join("audit.jsonl"))?;
    ensure!(
        audit.lines().take(20).any(|line| line.contains("alice")),
        "the audit log has lost the sign-in of the user"
    );
    Ok(ScriptedAttack {
        name: attack.name,
        alone,
        attacked,
        actions,
        reached: outcomes.reached(attack.action.aims()),
        outcomes,
        peak_memory: [
            target.server.process.usage()?.peak_memory,
            target.farm.process.usage()?.peak_memory,
        ],
        recovered_after,
        repetition: 1,
    })
}

/// Returns whether users notice little of an attack. 99th percentiles up to `good` are good in any
/// case.
fn is_good(experience: &Experience, alone: &Experience, good: Duration) -> bool {
    experience.lists <= good.max(alone.lists * FACTOR)
        && experience.sign_ins <= good.max(alone.sign_ins * FACTOR)
        && experience.farm <= GOOD_LATENCY.max(alone.farm * FACTOR)
        && experience.health <= MAX_HEALTH
        && experience.failures == 0
}

impl ScriptedAttack {
    /// Fails if the attack did not reach what it aims at, others noticed much, the memory was not
    /// enough, or the server did not recover.
    pub(crate) fn verdict(&self) -> Result<()> {
        ensure!(
            self.reached,
            "it did not reach what it aims at: {}",
            self.outcomes
        );
        ensure!(
            is_good(&self.attacked, &self.alone, Duration::ZERO),
            "it slowed others down"
        );
        let enough = self.peak_memory.into_iter().all(|it| it < MEMORY_MAX);
        ensure!(enough, "it took too much memory");
        let recovered = self.recovered_after.is_some_and(|it| it <= RECOVERY);
        ensure!(recovered, "others noticed it afterwards");
        Ok(())
    }
}

/// Writes a row for each attack.
pub(crate) fn table(f: &mut fmt::Formatter<'_>, attacks: &[ScriptedAttack]) -> fmt::Result {
    writeln!(
        f,
        "| attack | actions | outcomes | 99th percentile of lists: alone, attacked | of sign-ins \
         | longest visit of the farm | longest `/healthz` | failures | peak memory: server, farm \
         | recovered after | run |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )?;
    for attack in attacks {
        let ScriptedAttack {
            name,
            alone,
            attacked,
            actions,
            outcomes,
            peak_memory: [server, farm],
            recovered_after,
            reached: _,
            repetition,
        } = attack;
        let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        writeln!(
            f,
            "| {name} | {actions} | {outcomes} | {}, {} | {}, {} | {}, {} | {} | {} | {} MiB, {} \
             MiB | {} | {repetition} |",
            millis(alone.lists),
            millis(attacked.lists),
            millis(alone.sign_ins),
            millis(attacked.sign_ins),
            millis(alone.farm),
            millis(attacked.farm),
            millis(attacked.health),
            attacked.failures,
            server / 1024,
            farm / 1024,
            recovered_after.map_or_else(|| "not in time".to_owned(), millis),
        )?;
    }
    Ok(())
}
