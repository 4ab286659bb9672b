//! Guessing (citrixauth.md §7 rule 5): the rule, played over days in no time.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Budget, BudgetUse, ClientNetwork, LoginThrottlePolicy};

use crate::at;

#[test]
fn some_attempts_are_free_and_then_each_waits_four_times_as_long() {
    let policy = LoginThrottlePolicy::default();
    // Attempts before, seconds since the last one, whether one more may be made.
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
        for budget in [Budget::AtPlace, Budget::Strangers] {
            let drawn = BudgetUse {
                attempts,
                last: Some(at(0)),
            };
            let found = policy.allows(budget, drawn, 0, at(waited));
            assert_eq!(found, allowed, "{budget:?} {attempts} {waited}");
        }
    }
    let nothing = BudgetUse::default();
    assert!(policy.allows(Budget::Strangers, nothing, 0, at(0)));
}

#[test]
fn a_place_has_more_for_each_user_who_is_known_there() {
    let policy = LoginThrottlePolicy::default();
    for (budget, people, free) in [
        (Budget::AtPlace, 0, 3),
        (Budget::AtPlace, 500, 3),
        (Budget::Strangers, 500, 3),
        (Budget::FromPlace, 0, 60),
        (Budget::FromPlace, 1, 63),
        (Budget::FromPlace, 500, 1560),
        (Budget::FromPlace, u32::MAX, u32::MAX),
    ] {
        assert_eq!(policy.free(budget, people), free, "{budget:?} {people}");
    }
}

#[test]
fn a_place_is_an_ipv4_address_or_the_network_of_an_ipv6_address() {
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

/// The caller of the rule: what nodes would share, and who checks passwords.
#[derive(Default)]
struct Gateway {
    policy: LoginThrottlePolicy,
    known: HashSet<(u32, ClientNetwork)>,
    drawn: HashMap<(Budget, Option<u32>, Option<ClientNetwork>), BudgetUse>,
    /// Attempts that were looked at.
    asked: u32,
}

impl Gateway {
    /// An attempt at a user's password; whether it signed in.
    fn attempt(&mut self, user: u32, place: ClientNetwork, is_right: bool, now: Timestamp) -> bool {
        let people = self.known.iter().filter(|(_, of)| *of == place).count();
        let people = u32::try_from(people).unwrap();
        let keys: Vec<_> = LoginThrottlePolicy::budgets(self.known.contains(&(user, place)))
            .iter()
            .map(|budget| match budget {
                Budget::AtPlace => (*budget, Some(user), Some(place)),
                Budget::Strangers => (*budget, Some(user), None),
                Budget::FromPlace => (*budget, None, Some(place)),
            })
            .collect();
        let allowed = keys.iter().all(|key| {
            let drawn = self.drawn.get(key).copied().unwrap_or_default();
            self.policy.allows(key.0, drawn, people, now)
        });
        if !allowed {
            return false;
        }
        self.asked += 1;
        for key in keys {
            let drawn = self.drawn.entry(key).or_default();
            match (is_right, key.0) {
                (true, Budget::AtPlace) => *drawn = BudgetUse::default(),
                (true, Budget::Strangers | Budget::FromPlace) => {}
                (false, _) => {
                    drawn.attempts += 1;
                    drawn.last = Some(now);
                }
            }
        }
        if is_right {
            self.known.insert((user, place));
        }
        is_right
    }
}

fn place(number: u32) -> ClientNetwork {
    ClientNetwork::of(IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + number)))
}

const VICTIM: u32 = 0;
const OFFICE: u32 = 0;
const TRIES: u32 = 10_000;

#[test]
fn ten_thousand_wrong_passwords_come_to_little_and_lock_nobody_out_where_they_are_known() {
    // bad-inputs 59. Who is tried, from where, how many of 10,000 tries in as many seconds are looked
    // at, and how many the victim may still make at home in the same time.
    type Of = fn(u32) -> u32;
    let (one, many): (Of, Of) = (|_| 1, |number| number);
    let victim: Of = |_| VICTIM;
    let quarters = TRIES / 900;
    for (case, user, from, most) in [
        ("one user, one place", victim, one, 8 + quarters),
        ("one user, many places", victim, many, 8 + quarters),
        ("many users, one place", many, one, 65 + quarters),
        // One try at each is all that there is: what it may cost is limited elsewhere.
        ("many users, many places", many, many, TRIES),
    ] {
        let mut gateway = Gateway::default();
        assert!(gateway.attempt(VICTIM, place(OFFICE), true, at(0)));
        gateway.asked = 0;
        for number in 1..=TRIES {
            let now = at(i64::from(number));
            gateway.attempt(user(number), place(from(number)), false, now);
            if number % 1000 == 0 {
                let asked = gateway.asked;
                let is_in = gateway.attempt(VICTIM, place(OFFICE), true, now);
                assert!(is_in, "{case}: the victim signs in after {number}");
                gateway.asked = asked;
            }
        }
        assert!(gateway.asked <= most, "{case}: {} of {most}", gateway.asked);
        // What has to be remembered is never more than what was looked at, and the victim.
        let most = usize::try_from(2 * gateway.asked).unwrap() + 3;
        assert!(
            gateway.drawn.len() <= most,
            "{case}: {}",
            gateway.drawn.len()
        );
    }
}

#[test]
fn all_at_once_no_more_are_looked_at_than_are_free() {
    let mut gateway = Gateway::default();
    for _ in 0..TRIES {
        gateway.attempt(VICTIM, place(1), false, at(0));
    }
    assert_eq!(gateway.asked, 3);
}

#[test]
fn a_year_of_guessing_tries_no_more_than_a_hundred_passwords_a_day() {
    // From as many places as one likes.
    let mut gateway = Gateway::default();
    let mut now = at(0);
    let mut number = 0;
    while now < at(365 * 86_400) {
        number += 1;
        gateway.attempt(VICTIM, place(number), false, now);
        now += SignedDuration::from_secs(450);
    }
    assert!(gateway.asked <= 365 * 100, "{}", gateway.asked);
}

#[test]
fn a_hospital_behind_one_address_signs_in_whoever_guesses_there() {
    let mut gateway = Gateway::default();
    let ward = place(7);
    let mut now = at(0);
    // Two thousand nurses and doctors, one in three of whom mistypes first, come in a morning.
    for user in 1..=2000 {
        now += SignedDuration::from_secs(2);
        if user % 3 == 0 {
            gateway.attempt(user, ward, false, now);
        }
        assert!(gateway.attempt(user, ward, true, now), "{user}");
    }
    // Somebody among them tries one password with everybody's name.
    for user in 3000..3000 + TRIES {
        gateway.attempt(user, ward, false, now);
    }
    for user in 1..=2000 {
        assert!(gateway.attempt(user, ward, true, now), "{user}");
    }
}

#[test]
fn whom_strangers_guess_at_has_to_wait_where_they_have_never_been() {
    let mut gateway = Gateway::default();
    assert!(gateway.attempt(VICTIM, place(OFFICE), true, at(0)));
    for number in 1..=9 {
        gateway.attempt(VICTIM, place(number), false, at(0));
    }
    let hotel = place(99);
    assert!(!gateway.attempt(VICTIM, hotel, true, at(0)));
    let longest = LoginThrottlePolicy::default().longest_delay;
    assert_eq!(longest, Duration::from_secs(900));
    assert!(gateway.attempt(VICTIM, hotel, true, at(900)));
    // There, too, they are known now.
    gateway.attempt(VICTIM, place(1), false, at(901));
    assert!(gateway.attempt(VICTIM, hotel, true, at(902)));
}
