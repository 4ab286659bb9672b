//! Clients of mock stores.

use roamd_store_client::{Credentials, SessionParams, StoreClient};
use roamd_testkit::MockStore;

/// Returns a client of a store.
pub(crate) fn client(store: &MockStore) -> StoreClient {
    let credentials = Credentials {
        user_name: r"LAB\ada".into(),
        password: "s3cret!".to_owned().into(),
    };
    StoreClient::new(store.url().parse().unwrap(), credentials)
}

pub(crate) fn session_params() -> SessionParams {
    SessionParams::new("kiosk-07")
}
