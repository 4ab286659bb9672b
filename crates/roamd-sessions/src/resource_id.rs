//! Resource ids: a farm, and what it publishes, as `XA1.MSPaint`.
//!
//! An id is no secret and gives nothing: what it names is looked up in the user's own catalogue.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use indexmap::IndexSet;

use crate::FarmId;
use crate::resource_enumeration::NAME_BYTES;

/// Names an application or a desktop of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// The farm.
    pub farm: FarmId,
    /// Its internal name there.
    pub in_name: String,
}

/// The ids of one resource: on each farm that publishes it, in the order in which a launch tries them.
/// There is at least one, and no two are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceIds {
    first: ResourceId,
    elsewhere: Vec<ResourceId>,
}

/// Stands between ids: no text of XML holds it.
const SEPARATOR: char = '\0';

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
        Self::parse(&decode(segment, 1)?)
    }

    fn parse(text: &str) -> Option<Self> {
        // No farm's id has a dot.
        let (farm, in_name) = text.split_once('.')?;
        let is_one = !in_name.contains(SEPARATOR);
        is_one.then(|| Self::new(&FarmId::new(farm), in_name))
    }

    /// The id as a segment of a path: letters, digits, `-` and `_` only (ST-67).
    #[must_use]
    pub fn to_segment(&self) -> String {
        BASE64URL_NOPAD.encode(self.to_string().as_bytes())
    }
}

impl ResourceIds {
    /// Most ids of one resource that a launch knows.
    pub const MOST: usize = 4;

    /// The ids of a resource, the one to try first in front. What is too many is left out.
    #[must_use]
    pub fn new(first: ResourceId, elsewhere: impl IntoIterator<Item = ResourceId>) -> Self {
        Self {
            first,
            elsewhere: elsewhere.into_iter().take(Self::MOST - 1).collect(),
        }
    }

    /// Reads the segment of a path. Nothing for one that was not made here, or names an id twice.
    #[must_use]
    pub fn from_segment(segment: &str) -> Option<Self> {
        let text = decode(segment, Self::MOST)?;
        let ids: Option<IndexSet<_>> = text.split(SEPARATOR).map(ResourceId::parse).collect();
        let ids = ids?;
        let are_all = ids.len() <= Self::MOST && ids.len() == text.split(SEPARATOR).count();
        let mut ids = ids.into_iter();
        Some(Self::new(ids.next()?, ids)).filter(|_| are_all)
    }

    /// The ids as a segment of a path. That of a single id is the segment of the id.
    #[must_use]
    pub fn to_segment(&self) -> String {
        let ids: Vec<_> = self.iter().map(ToString::to_string).collect();
        BASE64URL_NOPAD.encode(ids.join(&SEPARATOR.to_string()).as_bytes())
    }

    /// The ids, the one to try first in front.
    pub fn iter(&self) -> impl Iterator<Item = &ResourceId> {
        [&self.first].into_iter().chain(&self.elsewhere)
    }

    /// The id on this farm alone, if there is one.
    #[must_use]
    pub fn on(&self, farm: &FarmId) -> Option<Self> {
        let mut ids = self.iter();
        let id = ids.find(|id| id.farm == *farm)?;
        Some(Self::new(id.clone(), []))
    }
}

/// The text of a segment with no more than so many ids.
fn decode(segment: &str, most: usize) -> Option<String> {
    // A farm's id is shorter than a name may be.
    if segment.len() > most * 2 * NAME_BYTES * 4 / 3 {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(segment.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
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
    fn the_ids_of_a_resource_survive_together() {
        let id = |farm: &str, in_name: &str| ResourceId::new(&FarmId::new(farm), in_name);
        let one = ResourceIds::new(id("XA1", "Pad"), []);
        assert_eq!(one.to_segment(), id("XA1", "Pad").to_segment());
        let longest = "n".repeat(NAME_BYTES);
        let four = [
            id("A", &longest),
            id("B", "x\ny"),
            id("C", ""),
            id("D", &longest),
        ];
        let [first, rest @ ..] = four.clone();
        let all = ResourceIds::new(first, rest.into_iter().chain([id("E", "left out")]));
        assert!(all.iter().eq(&four));
        for ids in [one, all.clone()] {
            assert_eq!(ResourceIds::from_segment(&ids.to_segment()), Some(ids));
        }
        assert_eq!(ResourceId::from_segment(&all.to_segment()), None, "not one");
        let on = all.on(&FarmId::new("B")).unwrap();
        assert!(on.iter().eq([&four[1]]));
        assert_eq!(all.on(&FarmId::new("E")), None);
        for text in [
            "",
            "A.a\0",
            "A.a\0A.a",
            "A.a\0B.b\0C.c\0D.d\0E.e",
            "A.a\0\0B.b",
        ] {
            let segment = BASE64URL_NOPAD.encode(text.as_bytes());
            assert_eq!(ResourceIds::from_segment(&segment), None, "{text:?}");
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
