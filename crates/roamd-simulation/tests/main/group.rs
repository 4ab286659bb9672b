//! Groups of servers on a simulated etcd: seeds that every change has to pass.

use roamd_simulation::run_group;

use crate::{check, check_traces};

/// Seeds of one test. A seed takes longer than one of a server with its farms.
const SEEDS: u64 = 250;

fn simulate(from: u64) {
    check(run_group, from..from + SEEDS);
}

#[test]
fn seeds_of_groups_violate_no_invariant_1() {
    simulate(0);
}

#[test]
fn seeds_of_groups_violate_no_invariant_2() {
    simulate(SEEDS);
}

#[test]
fn seeds_of_groups_violate_no_invariant_3() {
    simulate(2 * SEEDS);
}

#[test]
fn seeds_of_groups_violate_no_invariant_4() {
    simulate(3 * SEEDS);
}

#[test]
fn seeds_of_groups_violate_no_invariant_5() {
    simulate(4 * SEEDS);
}

#[test]
fn seeds_of_groups_violate_no_invariant_6() {
    simulate(5 * SEEDS);
}

#[test]
fn seeds_of_groups_violate_no_invariant_7() {
    simulate(6 * SEEDS);
}

#[test]
fn seeds_of_groups_violate_no_invariant_8() {
    simulate(7 * SEEDS);
}

#[test]
fn same_seed_of_a_group_gives_the_same_trace() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| run_group(seed).unwrap().trace);
        assert_eq!(first, second, "seed {seed}");
    }
}

/// Faults occur, without which the other tests would show nothing.
#[test]
fn seeds_of_groups_cause_faults_and_failed_operations() {
    let signs = [
        "4 servers",
        "1 members",
        "Refuse",
        "faults: false",
        "crashes",
        "hangs",
        "loses the other members",
        "another leader",
        "compacts",
        "a lease ends early",
        "is full",
        "done_and_refused: 100",
        "are late",
        "is cut off",
        "loses a connection",
        "cannot join",
        "jumps to",
        "Set(true)",
        "Holds(ThisServer)",
        "Holds(AllServers)",
        "Throttled",
        "SignedIn",
        "degraded",
        "Failed(Unreachable)",
        "Failed(Clock",
        "all servers agree",
    ];
    check_traces(run_group, 120, &signs);
}
