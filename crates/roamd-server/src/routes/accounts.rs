//! The accounts service, and provisioning files: how a client that knows the host only finds the
//! stores (ST-70 to ST-73).

use data_encoding::HEXUPPER;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use roamd_http::Response;
use roamd_store_proto::{Account, Accounts, Provisioning, media_type};
use sha2::{Digest, Sha256};

use crate::app::state::{AppState, HostedStore};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, respond};
use crate::routes::service_record::{guid, service_record};

/// Lists the stores. Like discovery, it needs no token and is never refused with 406, because
/// monitors of load balancers read it (ST-70).
pub(crate) fn list(state: &AppState, request: &Request) -> Result<Response, ApiError> {
    let is_summary = request.query("summary").next().is_some();
    let accounts = state.stores.iter();
    let accounts = accounts.map(|store| account(store, is_summary, request));
    let accounts = Accounts {
        accounts: accounts.collect(),
    };
    let media = media_type::ROAMING_ACCOUNTS;
    let body = accounts.to_xml();
    Ok(respond(StatusCode::OK, media, Caching::None, body))
}

/// The provisioning file of a store, which a browser saves or opens (ST-73).
pub(crate) fn provisioning(store: &HostedStore, request: &Request) -> Result<Response, ApiError> {
    let file = provisioning_file(store, request);
    let media = media_type::RECEIVER_CONFIGURE;
    let mut response = respond(StatusCode::OK, media, Caching::None, file);
    let disposition = format!("attachment; filename=\"{}\"", Provisioning::FILE_NAME);
    let disposition =
        HeaderValue::try_from(disposition).map_err(|error| ApiError::Internal(error.into()))?;
    response
        .headers_mut()
        .insert(CONTENT_DISPOSITION, disposition);
    Ok(response)
}

fn provisioning_file(store: &HostedStore, request: &Request) -> Vec<u8> {
    let stores = vec![service_record(store, request)];
    Provisioning { stores }.to_xml()
}

fn account(store: &HostedStore, is_summary: bool, request: &Request) -> Account {
    let record = service_record(store, request);
    Account {
        id: guid(store),
        name: record.name.clone(),
        description: String::new(),
        published: true,
        // The file has all that the account says of the store.
        content_hash: HEXUPPER.encode(&Sha256::digest(provisioning_file(store, request))),
        store: (!is_summary).then_some(record),
    }
}
