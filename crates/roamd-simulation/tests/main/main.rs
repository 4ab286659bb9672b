//! Seeds that every change has to pass. `cargo xtask simulate` simulates many more, and
//! `cargo xtask simulate --seed N` prints every event of one.
#![expect(
    clippy::unwrap_used,
    reason = "a simulation that cannot be set up shows nothing"
)]

/// Seeds of one test. There are several tests, so that they run in parallel.
const SEEDS: u64 = 500;

fn simulate(from: u64) {
    let violations: Vec<String> = (from..from + SEEDS)
        .flat_map(|seed| {
            let result = roamd_simulation::run(seed).unwrap();
            let with_seed = move |violation| format!("seed {seed}: {violation}");
            result.violations.into_iter().map(with_seed)
        })
        .collect();
    assert!(violations.is_empty(), "{violations:#?}");
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
    let traces: Vec<String> = (0..60)
        .flat_map(|seed| roamd_simulation::run(seed).unwrap().trace)
        .collect();
    for sign in [
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
    ] {
        assert!(traces.iter().any(|line| line.contains(sign)), "{sign}");
    }
}
