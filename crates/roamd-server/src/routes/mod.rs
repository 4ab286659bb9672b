//! One file per group of routes. A handler takes what it needs from the request in the order of
//! SS-62, makes one call into the domain, and encodes the result.

mod accounts;
mod auth;
mod caller;
mod documents;
mod explain;
mod icon_file;
mod launch;
mod monitoring;
mod pages;
mod planned_launch;
mod resources;
mod service_record;
mod sessions;
mod web;

use std::sync::Arc;

use roamd_http::{Response, on_heap};

use crate::app::state::AppState;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::route::{AuthenticationRoute, Route, StoreRoute};

/// Responds to a request whose path and method are valid.
pub(crate) async fn respond(
    state: &Arc<AppState>,
    route: Route<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    let request = request.for_operation(route.name());
    match route {
        Route::Store(index, route) => {
            let store = state.stores.get(index).ok_or(ApiError::NotFound)?;
            match route {
                StoreRoute::Page => pages::store(store.urls(&request)),
                // Handlers that wait are on the heap: every request has room for the largest other
                // one.
                StoreRoute::Available => {
                    on_heap(|| sessions::available(state, store, request)).await
                }
                StoreRoute::Explain => on_heap(|| explain::explain(state, store, request)).await,
                StoreRoute::Disconnect => {
                    on_heap(|| sessions::disconnect(state, store, request)).await
                }
                StoreRoute::LogOff => on_heap(|| sessions::log_off(state, store, request)).await,
                StoreRoute::Launch { session, retry } => {
                    on_heap(|| launch::session(state, store, session, retry, request)).await
                }
                StoreRoute::Resources => on_heap(|| resources::list(state, store, request)).await,
                StoreRoute::Resource { resource } => {
                    on_heap(|| resources::single(state, store, resource, request)).await
                }
                StoreRoute::LaunchResource { resource, retry } => {
                    on_heap(|| launch::resource(state, store, resource, retry, request)).await
                }
                StoreRoute::UnsupportedLaunch { resource } => {
                    on_heap(|| launch::unsupported(state, store, resource, request)).await
                }
                StoreRoute::Icon {
                    resource,
                    format,
                    size,
                } => {
                    on_heap(|| resources::icon(state, store, resource, format, size, request)).await
                }
                StoreRoute::Endpoints => documents::store_endpoints(store.urls(&request), &request),
                StoreRoute::Discovery => documents::discovery(state, store, &request),
                StoreRoute::IcaFile { parameters } => {
                    on_heap(|| web::ica_file(state, store, parameters, request)).await
                }
                StoreRoute::DetectionReport { parameters } => {
                    on_heap(|| web::detection_report(state, store, parameters, request)).await
                }
            }
        }
        Route::Web(index, route) => {
            let store = state.stores.get(index).ok_or(ApiError::NotFound)?;
            let site = store.site(&request).ok_or(ApiError::NotFound)?;
            on_heap(|| web::respond(state, store, site, route, request)).await
        }
        Route::Authentication(route) => match route {
            AuthenticationRoute::Token => on_heap(|| auth::tokens::token(state, request)).await,
            AuthenticationRoute::Validate { service } => {
                on_heap(|| auth::tokens::validate(state, service, request)).await
            }
            AuthenticationRoute::Protocols => {
                on_heap(|| auth::protocols::list(state, request)).await
            }
            AuthenticationRoute::FormsStart => on_heap(|| auth::forms::start(state, request)).await,
            AuthenticationRoute::FormsAttempt => {
                on_heap(|| auth::forms::attempt(state, request)).await
            }
            AuthenticationRoute::FormsCancel => {
                on_heap(|| auth::forms::cancel(state, request)).await
            }
            AuthenticationRoute::Endpoints => {
                documents::authentication_endpoints(state.auth_urls(&request), &request)
            }
        },
        Route::Accounts => accounts::list(state, &request),
        Route::Schemas => pages::schemas(),
        Route::Schema(name) => documents::schema(name),
        Route::Health => Ok(monitoring::health()),
        Route::Ready => monitoring::ready(state, &request).await,
        Route::Metrics => monitoring::metrics(state),
        Route::Page => pages::root(state, &request),
        Route::StyleSheet => Ok(pages::style_sheet()),
    }
}

/// The response to a request that failed, in the form of its route.
pub(crate) fn refuse(route: Option<Route<'_>>, error: ApiError) -> Response {
    match route {
        Some(Route::Web(..)) => web::refuse(error),
        _ => error.into_response(),
    }
}
