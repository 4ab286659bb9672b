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

use roamd_http::Response;

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
                StoreRoute::Available => Box::pin(sessions::available(state, store, request)).await,
                StoreRoute::Explain => Box::pin(explain::explain(state, store, request)).await,
                StoreRoute::Disconnect => {
                    Box::pin(sessions::disconnect(state, store, request)).await
                }
                StoreRoute::LogOff => Box::pin(sessions::log_off(state, store, request)).await,
                StoreRoute::Launch { session, retry } => {
                    Box::pin(launch::session(state, store, session, retry, request)).await
                }
                StoreRoute::Resources => Box::pin(resources::list(state, store, request)).await,
                StoreRoute::Resource { resource } => {
                    Box::pin(resources::single(state, store, resource, request)).await
                }
                StoreRoute::LaunchResource { resource, retry } => {
                    Box::pin(launch::resource(state, store, resource, retry, request)).await
                }
                StoreRoute::UnsupportedLaunch { resource } => {
                    Box::pin(launch::unsupported(state, store, resource, request)).await
                }
                StoreRoute::Icon {
                    resource,
                    format,
                    size,
                } => {
                    Box::pin(resources::icon(
                        state, store, resource, format, size, request,
                    ))
                    .await
                }
                StoreRoute::Endpoints => documents::store_endpoints(store.urls(&request), &request),
                StoreRoute::Discovery => documents::discovery(state, store, &request),
                StoreRoute::IcaFile { parameters } => {
                    Box::pin(web::ica_file(state, store, parameters, request)).await
                }
                StoreRoute::DetectionReport { parameters } => {
                    Box::pin(web::detection_report(state, store, parameters, request)).await
                }
            }
        }
        Route::Web(index, route) => {
            let store = state.stores.get(index).ok_or(ApiError::NotFound)?;
            let site = store.site(&request).ok_or(ApiError::NotFound)?;
            Box::pin(web::respond(state, store, site, route, request)).await
        }
        Route::Authentication(route) => match route {
            AuthenticationRoute::Token => Box::pin(auth::tokens::token(state, request)).await,
            AuthenticationRoute::Validate { service } => {
                Box::pin(auth::tokens::validate(state, service, request)).await
            }
            AuthenticationRoute::Protocols => Box::pin(auth::protocols::list(state, request)).await,
            AuthenticationRoute::FormsStart => Box::pin(auth::forms::start(state, request)).await,
            AuthenticationRoute::FormsAttempt => {
                Box::pin(auth::forms::attempt(state, request)).await
            }
            AuthenticationRoute::FormsCancel => Box::pin(auth::forms::cancel(state, request)).await,
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
