//! Service record of a store, and the identifiers of the store for clients (ST-30).

use roamd_store_proto::ServiceRecord;
use sha2::{Digest, Sha256};

use crate::app::state::HostedStore;
use crate::http::request::Request;

/// The record of a store, as the client of a request knows it.
pub(super) fn service_record(store: &HostedStore, request: &Request) -> ServiceRecord {
    let address = format!("{}/discovery", store.urls(request).root);
    let [a, b, c, d, ..] = digest(store);
    ServiceRecord {
        srid: u32::from_be_bytes([a, b, c, d]).to_string(),
        name: name(store),
        // A client that reaches the store is inside (ST-73).
        internal_beacons: vec![address.clone()],
        address,
    }
}

/// GUID of a store: the same on every server of the store, whatever the client calls it.
pub(super) fn guid(store: &HostedStore) -> String {
    let digest = digest(store);
    let groups = [0..4, 4..6, 6..8, 8..10, 10..16];
    let groups = groups.map(|bytes| {
        let bytes = digest.get(bytes).unwrap_or_default();
        data_encoding::HEXUPPER.encode(bytes)
    });
    groups.join("-")
}

/// Display name of a store: the end of its path.
fn name(store: &HostedStore) -> String {
    let path = store.path.as_str();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Digest of the URL that is configured first.
fn digest(store: &HostedStore) -> [u8; 32] {
    Sha256::digest(&store.urls.canonical().root).into()
}
