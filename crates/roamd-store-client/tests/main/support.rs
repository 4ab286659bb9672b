//! Clients of mock stores.

use roamd_store_client::{Credentials, SessionParams, StoreClient};
use roamd_testkit::MockStore;

/// Returns a client of a store.
pub(crate) fn client(store: &MockStore) -> StoreClient {
    client_of(&store.url())
}

/// Returns a client of the store at an address.
pub(crate) fn client_of(address: &str) -> StoreClient {
    let credentials = Credentials {
        user_name: r"LAB\ada".into(),
        password: "s3cret!".to_owned().into(),
    };
    StoreClient::new(address.parse().unwrap(), credentials)
}

pub(crate) fn session_params() -> SessionParams {
    SessionParams::new("kiosk-07")
}
