//! The login throttle (citrixauth.md §7 rule 5), simulated over days.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Budget, BudgetUse, ClientNetwork, LoginThrottlePolicy, StatedWait};

use crate::at;

#[test]
fn delay_grows_fourfold_after_the_free_attempts() {
    let policy = LoginThrottlePolicy::default();
    // (previous attempts, seconds since the last one, whether another attempt is allowed)
    for (attempts, waited, allowed) in [
        (0, 0, true),
        (2, 0, true),
        (3, 0, false),
        (3, 1, true),
        (4, 3, false),
        (4, 4, true),
        (5, 15, false),
        (5, 16, true),
        (6, 64, true),
        (7, 255, false),
        (7, 256, true),
        (8, 899, false),
        (8, 900, true),
        (1000, 899, false),
        (u32::MAX, 900, true),
        // The clock was set back by an hour.
        (8, -3600, true),
    ] {
        for budget in [Budget::KnownNetwork, Budget::UnknownNetworks] {
            let used = BudgetUse {
                attempts,
                last: Some(at(0)),
            };
            let found = policy.allows(budget, used, 0, at(waited));
            assert_eq!(found, allowed, "{budget:?} {attempts} {waited}");
        }
    }
    let nothing = BudgetUse::default();
    assert!(policy.allows(Budget::UnknownNetworks, nothing, 0, at(0)));
}

/// Servers that cannot reach each other allow together about as many attempts as one.
#[test]
fn servers_that_count_alone_divide_the_budget() {
    let alone = LoginThrottlePolicy {
        servers: 3,
        ..LoginThrottlePolicy::default()
    };
    let budget = Budget::UnknownNetworks;
    assert_eq!(alone.free(budget, 0), 1);
    assert_eq!(alone.free(Budget::Network, 0), 20);
    for (attempts, waited, allowed) in [
        (0, 0, true),
        (1, 0, false),
        (1, 1, true),
        (2, 63, false),
        (2, 64, true),
        (3, 2_699, false),
        (3, 2_700, true),
        (u32::MAX, 2_700, true),
    ] {
        let used = BudgetUse {
            attempts,
            last: Some(at(0)),
        };
        let found = alone.allows(budget, used, 0, at(waited));
        assert_eq!(found, allowed, "{attempts} {waited}");
    }
    let many = LoginThrottlePolicy {
        servers: 1_000,
        ..alone
    };
    assert_eq!(many.free(budget, 0), 1);
    let used = BudgetUse {
        attempts: 9,
        last: Some(at(0)),
    };
    let hour = 60 * 60;
    assert!(
        many.allows(budget, used, 0, at(12 * hour)),
        "before it is forgotten"
    );
}

#[test]
fn stated_wait_is_a_power_of_two_minutes_up_to_the_longest() {
    let policy = LoginThrottlePolicy::default();
    let hours = LoginThrottlePolicy {
        longest_delay: Duration::from_hours(12),
        ..policy
    };
    let second = LoginThrottlePolicy {
        longest_delay: Duration::from_secs(1),
        ..policy
    };
    let nanosecond = Duration::from_nanos(1);
    let (minute, quarter) = (Duration::from_mins(1), Duration::from_mins(15));
    for (policy, remaining, minutes) in [
        (policy, nanosecond, 1),
        (policy, minute, 1),
        (policy, minute + nanosecond, 2),
        (policy, Duration::from_secs(121), 4),
        (policy, Duration::from_mins(8), 8),
        (policy, Duration::from_secs(481), 15),
        (policy, quarter, 15),
        (hours, quarter, 16),
        (hours, Duration::from_hours(12), 720),
        (hours, Duration::MAX, 720),
        (second, Duration::from_secs(1), 1),
    ] {
        let stated = policy.stated_wait(remaining);
        assert_eq!(stated, StatedWait { minutes }, "{remaining:?}");
    }
    // What remains of the delay of 256 seconds after the fourth throttled attempt.
    let used = BudgetUse {
        attempts: 7,
        last: Some(at(0)),
    };
    for (now, remaining) in [(0, 256), (200, 56), (255, 1), (256, 0), (10_000, 0)] {
        let delay = policy.remaining_delay(Budget::UnknownNetworks, used, 0, at(now));
        assert_eq!(delay, Duration::from_secs(remaining), "{now}");
    }
}

#[test]
fn networks_that_contain_a_client_network_are_named() {
    for (address, containing) in [
        ("192.0.2.1", &["192.0.0.0", "192.0.2.0", "192.0.2.1"][..]),
        (
            "2001:db8:1:2ff:3::4",
            &[
                "2001:db8::",
                "2001:db8:1::",
                "2001:db8:1:200::",
                "2001:db8:1:2ff::",
            ],
        ),
    ] {
        let network = ClientNetwork::of(address.parse().unwrap());
        let found = [vec![network.provider()], network.within_provider()].concat();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, containing);
    }
}

#[test]
fn network_budget_grows_with_its_known_users() {
    let policy = LoginThrottlePolicy::default();
    for (budget, known_users, free) in [
        (Budget::KnownNetwork, 0, 3),
        (Budget::KnownNetwork, 500, 3),
        (Budget::UnknownNetworks, 500, 3),
        (Budget::Network, 0, 60),
        (Budget::Network, 1, 63),
        (Budget::Network, 500, 1560),
        (Budget::Network, u32::MAX, u32::MAX),
    ] {
        assert_eq!(
            policy.free(budget, known_users),
            free,
            "{budget:?} {known_users}"
        );
    }
}

#[test]
fn client_network_is_ipv4_address_or_ipv6_64() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
    ] {
        let [one, other] = [one, other].map(|text| ClientNetwork::of(text.parse().unwrap()));
        assert_eq!(one == other, same, "{one:?} {other:?}");
    }
}

/// The shared state of the servers, and the check of passwords.
#[derive(Default)]
struct Server {
    policy: LoginThrottlePolicy,
    known: HashSet<(u32, ClientNetwork)>,
    used: HashMap<(Budget, Option<u32>, Option<ClientNetwork>), BudgetUse>,
    /// Attempts whose password was checked.
    checked: u32,
}

impl Server {
    /// Attempts to sign a user in, and returns whether that succeeded.
    fn attempt(
        &mut self,
        user: u32,
        network: ClientNetwork,
        is_right: bool,
        now: Timestamp,
    ) -> bool {
        let known_users = self.known.iter().filter(|(_, of)| *of == network).count();
        let known_users = u32::try_from(known_users).unwrap();
        let keys: Vec<_> = LoginThrottlePolicy::budgets(self.known.contains(&(user, network)))
            .iter()
            .map(|budget| match budget {
                Budget::KnownNetwork => (*budget, Some(user), Some(network)),
                Budget::UnknownNetworks => (*budget, Some(user), None),
                Budget::Network => (*budget, None, Some(network)),
            })
            .collect();
        let allowed = keys.iter().all(|key| {
            let used = self.used.get(key).copied().unwrap_or_default();
            self.policy.allows(key.0, used, known_users, now)
        });
        if !allowed {
            return false;
        }
        self.checked += 1;
        for key in keys {
            let used = self.used.entry(key).or_default();
            match (is_right, key.0) {
                (true, Budget::KnownNetwork) => *used = BudgetUse::default(),
                (true, Budget::UnknownNetworks | Budget::Network) => {}
                (false, _) => {
                    used.attempts += 1;
                    used.last = Some(now);
                }
            }
        }
        if is_right {
            self.known.insert((user, network));
        }
        is_right
    }
}

fn network(number: u32) -> ClientNetwork {
    ClientNetwork::of(IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + number)))
}

const VICTIM: u32 = 0;
const OFFICE: u32 = 0;
const TRIES: u32 = 10_000;

#[test]
fn attacks_are_throttled_and_known_networks_stay_open() {
    // bad-inputs 59. (case, user, network, maximum of checked passwords among 10,000 attempts in as
    // many seconds); meanwhile the victim can sign in from the known network.
    type Of = fn(u32) -> u32;
    let (one, many): (Of, Of) = (|_| 1, |number| number);
    let victim: Of = |_| VICTIM;
    let quarters = TRIES / 900;
    for (case, user, from, most) in [
        ("one user, one network", victim, one, 8 + quarters),
        ("one user, many networks", victim, many, 8 + quarters),
        ("many users, one network", many, one, 65 + quarters),
        // One attempt for each pair, which is limited elsewhere.
        ("many users, many networks", many, many, TRIES),
    ] {
        let mut server = Server::default();
        assert!(server.attempt(VICTIM, network(OFFICE), true, at(0)));
        server.checked = 0;
        for number in 1..=TRIES {
            let now = at(i64::from(number));
            server.attempt(user(number), network(from(number)), false, now);
            if number % 1000 == 0 {
                let checked = server.checked;
                let is_in = server.attempt(VICTIM, network(OFFICE), true, now);
                assert!(is_in, "{case}: the victim signs in after {number}");
                server.checked = checked;
            }
        }
        assert!(
            server.checked <= most,
            "{case}: {} of {most}",
            server.checked
        );
        // The stored counters are bounded by the checked attempts and the victim.
        let most = usize::try_from(2 * server.checked).unwrap() + 3;
        assert!(server.used.len() <= most, "{case}: {}", server.used.len());
    }
}

#[test]
fn concurrent_attempts_do_not_exceed_the_free_ones() {
    let mut server = Server::default();
    for _ in 0..TRIES {
        server.attempt(VICTIM, network(1), false, at(0));
    }
    assert_eq!(server.checked, 3);
}

#[test]
fn throttle_allows_at_most_a_hundred_attempts_per_day() {
    // From an unlimited number of networks.
    let mut server = Server::default();
    let mut now = at(0);
    let mut number = 0;
    while now < at(365 * 86_400) {
        number += 1;
        server.attempt(VICTIM, network(number), false, now);
        now += SignedDuration::from_secs(450);
    }
    assert!(server.checked <= 365 * 100, "{}", server.checked);
}

#[test]
fn attack_from_shared_network_does_not_delay_known_users() {
    let mut server = Server::default();
    let shared_network = network(7);
    let mut now = at(0);
    // Two thousand users sign in during a morning; one in three mistypes the password first.
    for user in 1..=2000 {
        now += SignedDuration::from_secs(2);
        if user % 3 == 0 {
            server.attempt(user, shared_network, false, now);
        }
        assert!(server.attempt(user, shared_network, true, now), "{user}");
    }
    // An attacker in the network tries one password with many user names.
    for user in 3000..3000 + TRIES {
        server.attempt(user, shared_network, false, now);
    }
    for user in 1..=2000 {
        assert!(server.attempt(user, shared_network, true, now), "{user}");
    }
}

#[test]
fn attacked_user_is_delayed_in_unknown_networks() {
    let mut server = Server::default();
    assert!(server.attempt(VICTIM, network(OFFICE), true, at(0)));
    for number in 1..=9 {
        server.attempt(VICTIM, network(number), false, at(0));
    }
    let hotel = network(99);
    assert!(!server.attempt(VICTIM, hotel, true, at(0)));
    let longest = LoginThrottlePolicy::default().longest_delay;
    assert_eq!(longest, Duration::from_secs(900));
    assert!(server.attempt(VICTIM, hotel, true, at(900)));
    // The second network is known now, too.
    server.attempt(VICTIM, network(1), false, at(901));
    assert!(server.attempt(VICTIM, hotel, true, at(902)));
}
