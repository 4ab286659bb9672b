//! Ages, as people read them.

use std::time::Duration;

/// Returns an age in its largest useful unit, such as `5 min`, `3 h` or `4 d`.
pub(super) fn age(age: Duration) -> String {
    let minutes = age.as_secs() / 60;
    match minutes / 60 {
        0 => format!("{minutes} min"),
        hours @ 1..48 => format!("{hours} h"),
        hours => format!("{} d", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_has_its_largest_useful_unit() {
        for (seconds, expected) in [
            (0, "0 min"),
            (59, "0 min"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (172_799, "47 h"),
            (172_800, "2 d"),
            (u64::MAX, "213503982334601 d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), expected, "{seconds}");
        }
    }
}
