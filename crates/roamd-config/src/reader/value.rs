//! Readers of single values.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use roamd_sessions::FarmId;
use toml::de::DeValue;

use super::suggest;

/// Reads text.
pub(crate) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value
        .as_str()
        .ok_or_else(|| "has to be text in quotes".into())
}

/// Reads the id of a farm, which the section looks up.
pub(crate) fn farm_id(value: &DeValue<'_>) -> Result<FarmId, String> {
    text(value).map(FarmId::new)
}

/// Reads a name that people or messages show: not blank, and without control characters.
pub(crate) fn name(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    if text.trim().is_empty() || text.trim() != text || text.chars().any(char::is_control) {
        return Err(
            "has to be a name: not blank, no white space around it, no control characters".into(),
        );
    }
    Ok(text.into())
}

/// Reads the absolute path of a file.
pub(crate) fn file(value: &DeValue<'_>) -> Result<PathBuf, String> {
    absolute(file_in_data_dir(value)?)
}

/// Reads the path of a file, which is below the data folder if it is relative.
pub(crate) fn file_in_data_dir(value: &DeValue<'_>) -> Result<PathBuf, String> {
    path(value, "has to name a file")
}

/// Reads the absolute path of a folder.
pub(crate) fn folder(value: &DeValue<'_>) -> Result<PathBuf, String> {
    absolute(path(value, "has to name a folder")?)
}

fn path(value: &DeValue<'_>, if_empty: &str) -> Result<PathBuf, String> {
    match text(value)? {
        "" => Err(if_empty.into()),
        path => Ok(path.into()),
    }
}

/// Refuses a relative path: it would name another place in each working directory, and the commands
/// of an operator run in other ones than the server.
fn absolute(path: PathBuf) -> Result<PathBuf, String> {
    match path.is_absolute() {
        true => Ok(path),
        false => Err("has to be an absolute path, which begins with /".into()),
    }
}

/// Reads `true` or `false`.
pub(crate) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| "has to be true or false, without quotes".into())
}

/// Reads a whole number within a range.
pub(crate) fn number<T: TryFrom<u64>>(
    value: &DeValue<'_>,
    range: RangeInclusive<u64>,
) -> Result<T, String> {
    value
        .as_integer()
        .and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok())
        .filter(|number| range.contains(number))
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| {
            let (least, most) = range.into_inner();
            format!("has to be a whole number from {least} to {most}")
        })
}

/// Reads a duration in seconds.
pub(crate) fn seconds(value: &DeValue<'_>, range: RangeInclusive<u64>) -> Result<Duration, String> {
    number(value, range).map(Duration::from_secs)
}

/// Reads a duration in milliseconds.
pub(crate) fn milliseconds(
    value: &DeValue<'_>,
    range: RangeInclusive<u64>,
) -> Result<Duration, String> {
    number(value, range).map(Duration::from_millis)
}

/// Reads one word of a fixed list, and returns its meaning.
pub(crate) fn word<T: Copy>(value: &DeValue<'_>, words: &[(&'static str, T)]) -> Result<T, String> {
    let text = text(value)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*meaning);
    }
    let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let hint = suggest::word(text, &known).map(|word| format!("; did you mean \"{word}\"?"));
    Err(format!(
        "has to be one of {}{}",
        known.join(", "),
        hint.unwrap_or_default()
    ))
}

/// Reads a network, or one address.
pub(crate) fn network(value: &DeValue<'_>) -> Result<IpNet, String> {
    let text = text(value)?;
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().map_err(|_| {
            "has to be a network, such as \"10.0.0.0/8\" or \"2001:db8::/32\"".to_owned()
        })?,
    };
    let first = network.trunc();
    if network == first {
        Ok(network)
    } else {
        Err(format!("has to be the network address, {first}"))
    }
}
