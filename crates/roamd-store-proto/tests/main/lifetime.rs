//! Lifetimes, CA-27 to CA-31.

use std::time::Duration;

use roamd_store_proto::{Lifetime, LifetimeError};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

#[test]
fn all_forms_of_a_time_span_parse() {
    // CA-27, CQ-17
    for (text, expected) in [
        ("7", Duration::from_secs(7 * DAY)),
        ("01:00:00", Duration::from_secs(HOUR)),
        ("0.08:00:00", Duration::from_secs(8 * HOUR)),
        ("0.20:00:00", Duration::from_secs(20 * HOUR)),
        ("1.06:00:00", Duration::from_secs(DAY + 6 * HOUR)),
        ("0.04:00:00", Duration::from_secs(4 * HOUR)),
        ("08:30", Duration::from_secs(8 * HOUR + 30 * 60)),
        ("2.08:30", Duration::from_secs(2 * DAY + 8 * HOUR + 30 * 60)),
        ("1:2:3", Duration::from_secs(HOUR + 2 * 60 + 3)),
        ("23:59:59.5", Duration::from_millis(DAY * 1000 - 500)),
        ("00:00:00.0000001", Duration::from_nanos(100)),
        ("00:00:01.0500000", Duration::from_millis(1050)),
        (" \n01:00:00 ", Duration::from_secs(HOUR)),
        ("10675199", Duration::from_secs(10_675_199 * DAY)),
        (
            "10675199.02:48:05.4775807",
            Duration::new(922_337_203_685, 477_580_700),
        ),
    ] {
        assert_eq!(text.parse(), Ok(Lifetime(expected)), "{text:?}");
    }
}

#[test]
fn malformed_zero_or_negative_time_span_is_rejected() {
    // CA-27, CA-28
    for text in [
        "",
        " ",
        "0",
        "00:00:00",
        "0.00:00:00.0000000",
        "-1",
        "-01:00:00",
        "+1",
        "1.25:61:61",
        "24:00:00",
        "00:60:00",
        "00:00:60",
        ".1.00:00:00",
        "1.",
        "1.5",
        "1:",
        ":1",
        "1:1:",
        "1:1:1.",
        "1:1:1:1",
        "1:1.5:1",
        "1.1.1:00",
        "001:00:00",
        "00:00:00.00000001",
        "1 .00:00:00",
        "one",
        "٣",
        "99999999",
        "99999999.00:00:00",
        "10675199.02:48:05.4775808",
        "10675200",
        "18446744073709551616",
        "99999999999999999999999999999999.00:00:00",
    ] {
        assert_eq!(text.parse::<Lifetime>(), Err(LifetimeError), "{text:?}");
    }
}

#[test]
fn lifetime_displays_with_days_and_two_digits() {
    // CA-31
    for (lifetime, expected) in [
        (Duration::from_secs(HOUR), "0.01:00:00"),
        (
            Duration::from_secs(DAY + 6 * HOUR + 5 * 60 + 4),
            "1.06:05:04",
        ),
        (Duration::from_millis(1500), "0.00:00:01.5000000"),
        (Duration::from_nanos(1_000_000_199), "0.00:00:01.0000001"),
        (Duration::ZERO, "0.00:00:00"),
        (Duration::MAX, "213503982334601.07:00:15.9999999"),
    ] {
        assert_eq!(Lifetime(lifetime).to_string(), expected);
    }
}
