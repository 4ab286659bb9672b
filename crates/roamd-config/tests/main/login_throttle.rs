use std::time::Duration;

use roamd_citrixauth::LoginThrottlePolicy;
use roamd_config::LoginThrottle;

use crate::support::{assert_errors, config, parse};

#[test]
fn every_key_of_the_login_throttle_is_read() {
    let section = r#"[login_throttle]
free_attempts = 5
longest_delay = "0.01:00:00"
known_network_lifetime = "7"
concurrency = 8"#;
    let config = parse(&config(section, "", "")).unwrap();
    assert_eq!(
        config.login_throttle,
        LoginThrottle {
            policy: LoginThrottlePolicy {
                free_attempts: 5,
                longest_delay: Duration::from_hours(1),
                known_network: Duration::from_hours(7 * 24),
                servers: 1,
            },
            concurrency: 8,
        }
    );
}

#[test]
fn error_of_the_login_throttle_is_reported_with_its_line() {
    assert_errors(&[
        (
            "login_throttle.free_attempts = 0",
            "",
            "",
            "`free_attempts` has to be a whole number from 1 to 100",
        ),
        (
            "login_throttle.longest_delay = \"1.00:00:00\"",
            "",
            "",
            "`longest_delay` has to be from 0.00:00:01 to 0.12:00:00",
        ),
        (
            "login_throttle.known_network_lifetime = \"90 days\"",
            "",
            "",
            "`known_network_lifetime` has to be a time span d.hh:mm:ss, such as \"0.00:15:00\"",
        ),
        (
            "login_throttle.concurrency = 0",
            "",
            "",
            "`concurrency` has to be a whole number from 1 to 10000",
        ),
    ]);
}
