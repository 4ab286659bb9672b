//! Attributes with a boolean.

/// Returns whether the attribute is present and true.
pub(super) fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
