//! Ages, as people read them.

/// Returns an age in its largest useful unit, such as `5 min`, `3 h` or `4 d`.
pub(super) fn age(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match hours {
        0 => format!("{minutes} min"),
        1..48 => format!("{hours} h"),
        _ => format!("{} d", hours / 24),
    }
}
