//! Resource ids: a farm and an internal name, such as `XA1.MSPaint`.
//!
//! An id is no secret and grants nothing: it is looked up in the user's own enumeration.

use data_encoding::BASE64URL_NOPAD;
use indexmap::IndexSet;

use crate::FarmId;
use crate::resource_enumeration::NAME_BYTES;

/// Id of a resource on one farm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// The farm.
    pub farm: FarmId,
    /// Internal name of the resource on the farm.
    pub in_name: String,
}

/// Ids of one resource on each farm that publishes it, in the order in which a launch tries them.
/// There is at least one, and all are distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceIds {
    first: ResourceId,
    others: Vec<ResourceId>,
}

/// Separates ids. No XML text contains it.
const SEPARATOR: char = '\0';

impl ResourceId {
    /// The id of a resource that a farm publishes under an internal name.
    #[must_use]
    pub fn new(farm: &FarmId, in_name: &str) -> Self {
        Self {
            farm: farm.clone(),
            in_name: in_name.to_owned(),
        }
    }

    /// Parses a path segment (ST-67). Returns `None` if [`ResourceId::to_segment`] did not make it.
    #[must_use]
    pub fn from_segment(segment: &str) -> Option<Self> {
        Self::parse(&decode(segment, 1)?)
    }

    /// Parses the text of an id, such as `XA1.MSPaint`. Returns `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // No farm id contains a dot.
        let (farm, in_name) = text.split_once('.')?;
        let is_single = !in_name.contains(SEPARATOR);
        is_single.then(|| Self::new(&FarmId::new(farm), in_name))
    }

    /// The id as text, such as `XA1.MSPaint`.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.parts().concat()
    }

    /// The id as a path segment: letters, digits, `-` and `_` only (ST-67).
    #[must_use]
    pub fn to_segment(&self) -> String {
        BASE64URL_NOPAD.encode(self.to_text().as_bytes())
    }

    fn parts(&self) -> [&str; 3] {
        [self.farm.as_str(), ".", &self.in_name]
    }
}

impl ResourceIds {
    /// Maximum number of ids, and so of farms that a launch tries.
    pub const MAX: usize = 4;

    /// The ids of a resource, in the order in which a launch tries them. Ids after the first
    /// [`ResourceIds::MAX`] are left out.
    #[must_use]
    pub fn new(first: ResourceId, others: impl IntoIterator<Item = ResourceId>) -> Self {
        Self {
            first,
            others: others.into_iter().take(Self::MAX - 1).collect(),
        }
    }

    /// Parses a path segment. Returns `None` if [`ResourceIds::to_segment`] did not make it, or if
    /// an id occurs twice.
    #[must_use]
    pub fn from_segment(segment: &str) -> Option<Self> {
        let text = decode(segment, Self::MAX)?;
        let ids: Option<IndexSet<_>> = text.split(SEPARATOR).map(ResourceId::parse).collect();
        let ids = ids?;
        let is_valid = ids.len() <= Self::MAX && ids.len() == text.split(SEPARATOR).count();
        let mut ids = ids.into_iter();
        Some(Self::new(ids.next()?, ids)).filter(|_| is_valid)
    }

    /// The ids as a path segment. A single id has the same segment as a [`ResourceId`].
    #[must_use]
    pub fn to_segment(&self) -> String {
        let mut ids = self.first.to_text();
        for id in &self.others {
            ids.push(SEPARATOR);
            ids.extend(id.parts());
        }
        BASE64URL_NOPAD.encode(ids.as_bytes())
    }

    /// The ids, in the order in which a launch tries them.
    pub fn iter(&self) -> impl Iterator<Item = &ResourceId> {
        [&self.first].into_iter().chain(&self.others)
    }

    /// Returns only the id on this farm, or `None` if there is none.
    #[must_use]
    pub fn on(&self, farm: &FarmId) -> Option<Self> {
        let mut ids = self.iter();
        let id = ids.find(|id| id.farm == *farm)?;
        Some(Self::new(id.clone(), []))
    }
}

/// Decodes a segment with at most this number of ids.
fn decode(segment: &str, max_ids: usize) -> Option<String> {
    // A farm id is shorter than the longest name.
    if segment.len() > max_ids * 2 * NAME_BYTES * 4 / 3 {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(segment.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_in_path_segment_is_read_back() {
        let longest = "n".repeat(NAME_BYTES);
        for in_name in ["MSPaint", "R&D v2.1 / Büro?", "", &longest] {
            let id = ResourceId::new(&FarmId::new("XA1"), in_name);
            assert_eq!(id.to_text(), format!("XA1.{in_name}"));
            let segment = id.to_segment();
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(segment.bytes().all(is_plain), "{segment}");
            assert_eq!(ResourceId::from_segment(&segment), Some(id));
        }
    }

    #[test]
    fn ids_in_path_segment_are_read_back() {
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
    fn foreign_path_segment_is_rejected() {
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
