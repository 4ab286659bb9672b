//! `[keys]`: when the server adds a new key for tokens and session ids.

use std::time::Duration;

use roamd_store_proto::Lifetime;
use toml::de::DeValue;

use crate::reader::key::DefaultKey;
use crate::reader::section::Section;
use crate::reader::value::text;

/// Most keys that a key file may have.
pub const MOST_KEYS: u32 = 512;

/// The least age; where tokens live long, it is longer ([`shortest_rotate_after`]).
const SHORTEST_ROTATE_AFTER: Duration = Duration::from_hours(1);

const ROTATE_AFTER: DefaultKey<Option<Duration>> = DefaultKey {
    name: "rotate_after",
    default: || Some(Duration::from_hours(30 * 24)),
    read: rotate_after,
};

/// Keys of tokens and session ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Age of the newest key at which the server adds another. `None` if only `roamd keys rotate`
    /// does.
    pub rotate_after: Option<Duration>,
}

impl Default for Keys {
    fn default() -> Self {
        Section::defaults(|section| Keys {
            rotate_after: section.value(&ROTATE_AFTER),
        })
    }
}

/// Returns the shortest time between rotations for tokens that live so long. It leaves half of
/// [`MOST_KEYS`] to rotations by hand, since a key is kept for as long as tokens may need it.
#[must_use]
pub fn shortest_rotate_after(token_lifetime_max: Duration) -> Duration {
    Duration::from_secs(
        token_lifetime_max
            .as_secs()
            .div_ceil(u64::from(MOST_KEYS / 2)),
    )
}

/// Reads the keys of the section about rotation. The age of keys and the lifetime of tokens
/// together decide how many keys there are.
pub(crate) fn read(section: &mut Section<'_>, token_lifetime_max: Option<Duration>) -> Keys {
    let rotate_after = section.value(&ROTATE_AFTER);
    if let (Some(age), Some(lifetime)) = (rotate_after, token_lifetime_max) {
        let shortest = shortest_rotate_after(lifetime);
        if age < shortest {
            let (shortest, lifetime) = (Lifetime(shortest), Lifetime(lifetime));
            let problem = format!(
                "`rotate_after` has to be {shortest} or longer where `token_lifetime_max` is \
                 {lifetime}, or there would be too many keys"
            );
            section.error(ROTATE_AFTER.name, problem);
        }
    }
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
