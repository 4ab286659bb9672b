//! `[keys]`: how long a key of tokens and ids is the newest.

use std::time::Duration;

use roamd_store_proto::Lifetime;
use toml::de::DeValue;

use super::section::{Section, text};
use crate::keys;

/// A month.
const DEFAULT_ROTATE_AFTER: Duration = Duration::from_hours(30 * 24);

/// The least age; where tokens live long, it is longer ([`keys::shortest_rotate_after`]).
const SHORTEST_ROTATE_AFTER: Duration = Duration::from_hours(1);

/// Keys of tokens and ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Age of the newest key at which a gateway adds another; nothing where nobody but
    /// `roamd keys rotate` does.
    pub rotate_after: Option<Duration>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            rotate_after: Some(DEFAULT_ROTATE_AFTER),
        }
    }
}

/// Reads the section. Keys have to open for as long as tokens may live, so that both decide how many
/// there are.
pub(super) fn read(root: &mut Section<'_>, token_lifetime_max: Option<Duration>) -> Keys {
    let mut section = root.section("keys", "[keys]");
    let default = Keys::default().rotate_after;
    let rotate_after = section.or("rotate_after", default, rotate_after);
    if let (Some(age), Some(lifetime)) = (rotate_after, token_lifetime_max) {
        let shortest = keys::shortest_rotate_after(lifetime);
        if age < shortest {
            let (shortest, lifetime) = (Lifetime(shortest), Lifetime(lifetime));
            let problem = format!(
                "`rotate_after` has to be {shortest} or longer where `token_lifetime_max` is \
                 {lifetime}, or there would be too many keys"
            );
            section.fault("rotate_after", problem);
        }
    }
    section.finish();
    Keys { rotate_after }
}

fn rotate_after(value: &DeValue<'_>) -> Result<Option<Duration>, String> {
    let text = text(value)?;
    if text == "never" {
        return Ok(None);
    }
    match text.parse() {
        Ok(Lifetime(age)) if age >= SHORTEST_ROTATE_AFTER => Ok(Some(age)),
        Ok(_) => Err("has to be 0.01:00:00 (an hour) or longer".into()),
        Err(_) => {
            Err("has to be \"never\" or a time span d.hh:mm:ss, such as \"30.00:00:00\"".into())
        }
    }
}
