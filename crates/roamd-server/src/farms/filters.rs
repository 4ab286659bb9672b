//! Filters of NFuse requests: types of servers and of clients.

/// Server type that matches every type of host (nfuse.md §3.1).
pub(super) const ALL_SERVERS: &str = "all";

/// Client type of what a client opens through ICA.
const ICA: &str = "ica30";

/// Client type of documents, which a client opens by itself (nfuse.md §3.1).
pub(super) const CONTENT: &str = "content";

/// Matches every type of host.
pub(super) fn every_server() -> Vec<String> {
    vec![ALL_SERVERS.to_owned()]
}

/// The client type of sessions and launches.
pub(super) fn ica() -> String {
    ICA.to_owned()
}

/// Matches everything that is listed: what clients open through ICA, and documents.
pub(super) fn ica_and_content() -> Vec<String> {
    vec![ICA.to_owned(), CONTENT.to_owned()]
}
