//! Lists of sessions: with etcd beside SQLite, and by several servers beside one.

use std::thread;

use anyhow::{Result, anyhow};
use roamd_bench::{Load, SESSIONS, Series, Subject, WARM_UP, measure_in_rounds};

use super::context::{Context, SERVERS};

/// Figures of lists.
pub(super) struct Lists {
    pub(super) sqlite: Series,
    pub(super) etcd: Series,
    /// Lists per second of one server, and of all, in each round.
    pub(super) one_and_all: Vec<(f64, f64)>,
}

pub(super) fn measure(context: &Context<'_>) -> Result<Lists> {
    let farm = Some(&context.setup.farm.process);
    let alone = Subject::server("SQLite", &context.alone, farm, SESSIONS)?;
    let [first, second, third] = context
        .group
        .each_ref()
        .map(|server| Subject::server("etcd", server, farm, SESSIONS));
    let group = [first?, second?, third?];
    let Load {
        duration,
        connections,
    } = context.load;
    let [first, ..] = &group;
    let trials = [(&alone, connections), (first, connections)];
    let series = measure_in_rounds(&trials, context.rounds, duration, WARM_UP)?;
    let [sqlite, etcd] =
        <[Series; 2]>::try_from(series).map_err(|_| anyhow!("a server was not measured"))?;

    // The same clients each time, so that only the servers differ.
    let share = |duration| Load {
        duration,
        connections: connections / SERVERS,
    };
    let [one, all] = [[first; SERVERS], group.each_ref()];
    together(all, share(WARM_UP))?;
    let mut one_and_all = Vec::new();
    for round in 1..=context.rounds {
        eprintln!(
            "round {round} of {}: one server, all servers",
            context.rounds
        );
        let one = together(one, share(duration))?;
        one_and_all.push((one, together(all, share(duration))?));
    }
    Ok(Lists {
        sqlite,
        etcd,
        one_and_all,
    })
}

/// Loads several subjects at the same time. Returns the requests per second of all.
fn together(subjects: [&Subject<'_>; SERVERS], load: Load) -> Result<f64> {
    thread::scope(|scope| {
        let runs = subjects.map(|subject| scope.spawn(move || subject.run(load)));
        let rates = runs.map(|run| {
            let run = run.join().map_err(|_| anyhow!("the load has failed"))?;
            anyhow::Ok(run?.per_second())
        });
        rates.into_iter().sum()
    })
}
