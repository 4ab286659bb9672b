//! Server types and client types, and the filters for them in requests.

/// The only server type and the only client type of sessions.
pub(crate) const SERVER_TYPE: &str = "win32";

pub(crate) const CLIENT_TYPE: &str = "ica30";

/// The client type of documents.
pub(crate) const CONTENT_TYPE: &str = "content";

/// Whether filters of a request match sessions.
pub(crate) fn filters_match(server_types: &[String], client_types: &[String]) -> bool {
    filters_match_type(server_types, client_types, CLIENT_TYPE)
}

/// Whether filters of a request match objects of this client type.
pub(crate) fn filters_match_type(
    server_types: &[String],
    client_types: &[String],
    client_type: &str,
) -> bool {
    let any = |types: &[String], kinds: [&str; 2]| {
        types
            .iter()
            .any(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)))
    };
    any(server_types, ["all", SERVER_TYPE]) && any(client_types, ["all", client_type])
}
