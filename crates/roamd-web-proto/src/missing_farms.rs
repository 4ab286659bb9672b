//! Names of the farms that a list lacks.

/// Header of a list: the publisher names of the farms that did not list, form-encoded, with commas
/// between them (WA-46). It is a header because a list of sessions is a bare array, and absent if
/// every farm has listed.
#[derive(Debug, Clone, Copy)]
pub struct MissingFarms;

impl MissingFarms {
    /// Name of the header, in lower case.
    pub const HEADER: &'static str = "x-roamd-missing-farms";

    /// Encodes the names. Returns `None` if there are none.
    #[must_use]
    pub fn value(names: &[String]) -> Option<String> {
        let encoded = names.iter().map(|name| {
            let parts = form_urlencoded::byte_serialize(name.as_bytes());
            parts.collect::<String>()
        });
        (!names.is_empty()).then(|| encoded.collect::<Vec<_>>().join(","))
    }
}
