//! Cells of tables.

use jiff::Timestamp;

/// Returns the cell of a value that is true or false.
pub(super) fn yes_or_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// Returns the cell of a switch.
pub(super) fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

/// Returns the cell of a time: its minute, in UTC.
pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// Returns the cell of a time in whole seconds, in UTC.
pub(super) fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Cell without a value.
pub(super) const NO_VALUE: &str = "-";

/// Returns the cell of an optional value: a dash stands for `None`.
pub(super) fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| NO_VALUE.to_owned())
}
