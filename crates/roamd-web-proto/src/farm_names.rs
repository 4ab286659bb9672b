//! Names of farms in headers of a list (WA-46, WA-109). They are headers because a list of sessions
//! is a bare array.

/// Headers of a list that name farms by their publisher names, form-encoded, with commas between
/// them. A header without names is absent.
#[derive(Debug, Clone, Copy)]
pub struct FarmNames;

impl FarmNames {
    /// Header with the farms that did not list, in lower case (WA-46).
    pub const MISSING: &'static str = "x-roamd-missing-farms";

    /// Header with the farms that would disconnect active sessions to list them, in lower case.
    /// Their active sessions are not in the list (WA-109).
    pub const DISCONNECTING: &'static str = "x-roamd-disconnecting-farms";

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
