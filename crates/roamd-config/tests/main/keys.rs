use std::time::Duration;

use crate::support::{assert_errors, config, parse};

#[test]
fn every_key_of_keys_is_read() {
    let rotate_after = |section: &str| {
        let config = parse(&config(section, "", "")).unwrap();
        config.keys.rotate_after
    };
    let day = Duration::from_hours(24);
    assert_eq!(
        rotate_after("[keys]\nrotate_after = \"7.00:00:00\""),
        Some(7 * day)
    );
    assert_eq!(rotate_after("[keys]\nrotate_after = \"never\""), None);
    assert_eq!(rotate_after(""), Some(30 * day));
}

#[test]
fn error_of_keys_is_reported_with_its_line() {
    assert_errors(&[
        (
            "keys.rotate_after = \"monthly\"",
            "",
            "",
            "`rotate_after` has to be \"never\" or a time span d.hh:mm:ss, such as \"30.00:00:00\"",
        ),
        (
            "keys.rotate_after = \"00:59:59\"",
            "",
            "",
            "`rotate_after` has to be 0.01:00:00 (an hour) or longer",
        ),
        (
            "keys.rotate_after = \"01:00:00\"\nauthentication.token_lifetime_max = \"60.00:00:00\"",
            "",
            "",
            "`rotate_after` has to be 0.05:37:30 or longer where `token_lifetime_max` is 60.00:00:00, or there would be too many keys",
        ),
    ]);
}
