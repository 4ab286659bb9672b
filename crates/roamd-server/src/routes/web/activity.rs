//! The sessions of a user on all devices (WA-109).
//!
//! Farms do not say to which client a session is connected. They leave out what is connected from
//! the end-point that a list names. So three lists without side effects tell where a session is: of
//! an end-point that does not exist, of this browser, and of disconnected sessions.

use std::collections::HashSet;

use data_encoding::BASE64URL_NOPAD;
use getrandom::rand_core::Rng as _;
use roamd_http::Response;
use roamd_sessions::{ListRequest, ListedSession, ResourceId, SessionList};
use roamd_store_proto::EnumerationStatus;
use roamd_web_proto::{Activity, ActivitySession, Connection, DeviceId, FarmNames, media_type};

use super::icon::thumbprint;
use super::response::{answer, with_farms};
use super::visit::Visit;
use crate::clock::rng;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::sessions::lists_without_side_effects;

const WITH_ACTIVE: ListRequest = ListRequest {
    include_active_sessions: true,
    ..ListRequest::DISCONNECTED
};

/// Lists the sessions of the user, also those that are connected from this browser. It disconnects
/// none: of farms before version 7, active sessions are missing, and a header names these farms.
pub(super) async fn list(visit: &Visit<'_>, request: &Request) -> Result<Response, ApiError> {
    let caller = visit.caller(request).await?;
    let device = visit.device()?;
    let (state, store, caller) = (visit.state, visit.store, &caller);
    let (here, nowhere) = (
        store.end_point_of(&device),
        store.end_point_of(&unused_device()?),
    );
    let wanted = [
        (WITH_ACTIVE, &nowhere),
        (WITH_ACTIVE, &here),
        (ListRequest::DISCONNECTED, &here),
    ];
    let [all, not_here, disconnected] =
        lists_without_side_effects(state, store, caller, wanted).await?;
    let lists = [&all, &not_here, &disconnected];
    // Lists of different farms do not tell where a session is.
    let is_of_same_farms = |list: &&SessionList| {
        (list.enumeration, &list.missing_farms) == (all.enumeration, &all.missing_farms)
    };
    if all.enumeration == EnumerationStatus::Failed || !lists.iter().all(is_of_same_farms) {
        return Err(ApiError::FarmUnavailable);
    }
    let size = lists.iter().map(|list| list.sessions.len()).sum();
    let (missing_farms, spared_farms) = (all.missing_farms.clone(), all.spared_farms.clone());
    let write = move || {
        let (not_here, disconnected) = (ids(&not_here), ids(&disconnected));
        let connection = |session: &ListedSession| {
            let id = session.id.as_str();
            if disconnected.contains(id) {
                Connection::Disconnected
            } else if not_here.contains(id) {
                Connection::Elsewhere
            } else {
                Connection::Here
            }
        };
        let sessions = all.sessions.iter();
        let sessions = sessions.map(|session| activity(session, connection(session)));
        let activity = Activity {
            device_id: device.as_str().to_owned(),
            sessions: sessions.collect(),
        };
        activity.to_json()
    };
    let body = state.large_work.run(size, write).await?;
    let response = answer(media_type::JSON, body);
    let response = with_farms(response, FarmNames::MISSING, &missing_farms);
    Ok(with_farms(
        response,
        FarmNames::DISCONNECTING,
        &spared_farms,
    ))
}

fn ids(list: &SessionList) -> HashSet<&str> {
    let sessions = list.sessions.iter();
    sessions.map(|session| session.id.as_str()).collect()
}

fn activity(session: &ListedSession, connection: Connection) -> ActivitySession {
    let resource = ResourceId::parse(&session.resource_id);
    ActivitySession {
        id: session.id.clone(),
        application: session.initial_app.clone(),
        thumbprint: resource.map_or_else(String::new, |id| thumbprint(&id, None)),
        resource_id: session.resource_id.clone(),
        is_desktop: session.desktop,
        publisher_name: session.publisher_name.clone(),
        connection,
    }
}

/// A device id that no client has.
fn unused_device() -> Result<DeviceId, ApiError> {
    let mut bytes = [0; 16];
    rng().fill_bytes(&mut bytes);
    let device = DeviceId::new(&BASE64URL_NOPAD.encode(&bytes));
    device.ok_or_else(|| ApiError::Internal("the random text is too short".into()))
}
