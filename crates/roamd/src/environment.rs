//! Environment variables that stand for arguments.

use std::env;
use std::fmt::Display;
use std::str::FromStr;

use crate::exit_code::UsageError;

/// Returns the value of a variable. An empty one counts as unset, because some shells cannot unset
/// a variable for one command.
///
/// # Errors
/// If it is not UTF-8.
pub(crate) fn variable(name: &str) -> Result<Option<String>, UsageError> {
    let Some(value) = env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = value.into_string();
    text.map(Some)
        .map_err(|_| UsageError(format!("{name} is not valid UTF-8")))
}

/// Like [`variable`], with its value parsed.
///
/// # Errors
/// If it is not UTF-8, or cannot be parsed.
pub(crate) fn parsed_variable<T: FromStr<Err: Display>>(
    name: &str,
) -> Result<Option<T>, UsageError> {
    let text = variable(name)?;
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error| UsageError(format!("{name} {error}")))
}
