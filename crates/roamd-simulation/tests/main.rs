//! Seeds that every change has to pass. `cargo xtask simulate` plays many more, and a seed that goes
//! wrong is told whole by `cargo xtask simulate --seed N`.
#![expect(
    clippy::unwrap_used,
    reason = "a world that cannot be made says nothing"
)]

/// Seeds of one test; there are several, so that they run at the same time.
const SEEDS: u64 = 500;

fn play(from: u64) {
    let wrong: Vec<String> = (from..from + SEEDS)
        .flat_map(|seed| {
            let outcome = roamd_simulation::run(seed).unwrap();
            let told = move |fault| format!("seed {seed}: {fault}");
            outcome.faults.into_iter().map(told)
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn whatever_goes_wrong_everybody_is_told_the_truth_1() {
    play(0);
}

#[test]
fn whatever_goes_wrong_everybody_is_told_the_truth_2() {
    play(SEEDS);
}

#[test]
fn whatever_goes_wrong_everybody_is_told_the_truth_3() {
    play(2 * SEEDS);
}

#[test]
fn whatever_goes_wrong_everybody_is_told_the_truth_4() {
    play(3 * SEEDS);
}

#[test]
fn a_seed_plays_the_same_way_each_time() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| roamd_simulation::run(seed).unwrap().trace);
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn seeds_make_different_worlds() {
    let [first, second] = [1, 2].map(|seed| roamd_simulation::run(seed).unwrap().trace);
    assert_ne!(first, second);
}

/// Trouble comes, or the rest would say nothing: changes are lost, and lists are partial.
#[test]
fn seeds_bring_trouble() {
    let traces: Vec<String> = (0..60)
        .flat_map(|seed| roamd_simulation::run(seed).unwrap().trace)
        .collect();
    for sign in [
        "enumeration: Partial",
        "enumeration: Failed",
        "EndOutcome(Success)",
        "EndOutcome(Partial)",
        "EndOutcome(Failure)",
        "Launch(Ready)",
        "Launch(Failed)",
        "crashes",
        "loses its power",
        "is cut off",
        "the clock jumps",
        ": Hang",
        ": DropAfter",
        ": Drip",
    ] {
        assert!(traces.iter().any(|line| line.contains(sign)), "{sign}");
    }
}
