//! Resource ids: a farm, and what it publishes, as `XA1.MSPaint`.
//!
//! An id is no secret and gives nothing: what it names is looked up in the user's own catalogue.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;

use crate::FarmId;
use crate::catalogue::NAME_BYTES;

/// Names an application or a desktop of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// The farm.
    pub farm: FarmId,
    /// Its internal name there.
    pub in_name: String,
}

impl ResourceId {
    /// The id of what a farm publishes under an internal name.
    #[must_use]
    pub fn new(farm: &FarmId, in_name: &str) -> Self {
        Self {
            farm: farm.clone(),
            in_name: in_name.to_owned(),
        }
    }

    /// Reads the segment of a path (ST-67). Nothing for one that was not made here.
    #[must_use]
    pub fn from_segment(segment: &str) -> Option<Self> {
        // A farm's id is shorter than a name may be.
        if segment.len() > 2 * NAME_BYTES * 4 / 3 {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(segment.as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        // No farm's id has a dot.
        let (farm, in_name) = text.split_once('.')?;
        Some(Self::new(&FarmId::new(farm), in_name))
    }

    /// The id as a segment of a path: letters, digits, `-` and `_` only (ST-67).
    #[must_use]
    pub fn to_segment(&self) -> String {
        BASE64URL_NOPAD.encode(self.to_string().as_bytes())
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.farm, self.in_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_the_path_of_a_url() {
        let longest = "n".repeat(NAME_BYTES);
        for in_name in ["MSPaint", "R&D v2.1 / Büro?", "", &longest] {
            let id = ResourceId::new(&FarmId::new("XA1"), in_name);
            assert_eq!(id.to_string(), format!("XA1.{in_name}"));
            let segment = id.to_segment();
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(segment.bytes().all(is_plain), "{segment}");
            assert_eq!(ResourceId::from_segment(&segment), Some(id));
        }
    }

    #[test]
    fn what_was_not_made_here_names_nothing() {
        let no_dot = BASE64URL_NOPAD.encode(b"XA1");
        let no_text = BASE64URL_NOPAD.encode(b"XA1.\xFF");
        let endless = BASE64URL_NOPAD.encode(&[b'.'; 4096]);
        for segment in [
            "",
            "MSPaint",
            "!",
            "withoutautoprovision",
            &no_dot,
            &no_text,
            &endless,
        ] {
            assert_eq!(ResourceId::from_segment(segment), None, "{segment}");
        }
    }
}
