//! Seeds that every change has to pass. `cargo xtask simulate` simulates many more, and
//! `cargo xtask simulate --seed N` prints every event of one.
#![expect(
    clippy::unwrap_used,
    reason = "a simulation that cannot be set up shows nothing"
)]

mod group;

use std::ops::Range;

use anyhow::Result;
use roamd_simulation::SimulationResult;

/// Seeds of one test. There are several tests, so that they run in parallel.
const SEEDS: u64 = 500;

fn simulate(from: u64) {
    check(roamd_simulation::run, from..from + SEEDS);
}

/// Checks that seeds violate nothing.
fn check(run: impl Fn(u64) -> Result<SimulationResult>, seeds: Range<u64>) {
    let violations: Vec<String> = seeds
        .flat_map(|seed| {
            let with_seed = move |violation| format!("seed {seed}: {violation}");
            run(seed).unwrap().violations.into_iter().map(with_seed)
        })
        .collect();
    assert!(violations.is_empty(), "{violations:#?}");
}

/// Checks that each of these texts is in the trace of a seed.
fn check_traces(run: impl Fn(u64) -> Result<SimulationResult>, seeds: u64, signs: &[&str]) {
    let traces: Vec<String> = (0..seeds).flat_map(|it| run(it).unwrap().trace).collect();
    for sign in signs {
        assert!(traces.iter().any(|line| line.contains(sign)), "{sign}");
    }
}

#[test]
fn seeds_violate_no_invariant_1() {
    simulate(0);
}

#[test]
fn seeds_violate_no_invariant_2() {
    simulate(SEEDS);
}

#[test]
fn seeds_violate_no_invariant_3() {
    simulate(2 * SEEDS);
}

#[test]
fn seeds_violate_no_invariant_4() {
    simulate(3 * SEEDS);
}

#[test]
fn same_seed_gives_the_same_trace() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| roamd_simulation::run(seed).unwrap().trace);
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn different_seeds_give_different_traces() {
    let [first, second] = [1, 2].map(|seed| roamd_simulation::run(seed).unwrap().trace);
    assert_ne!(first, second);
}

/// Faults occur, without which the other tests would show nothing.
#[test]
fn seeds_cause_faults_and_failed_operations() {
    let signs = [
        "enumeration: Partial",
        "enumeration: Failed",
        "End(Success)",
        "End(Partial)",
        "End(Failure)",
        "Launch(Ready)",
        "Launch(Failed)",
        "crashes",
        "loses power",
        "is cut off",
        "the clock jumps",
        ": Hang",
        ": DropAfter",
        ": Drip",
    ];
    check_traces(roamd_simulation::run, 60, &signs);
}
