//! The resources, a file for each group that clients call together.

mod authentication;
mod icon_file;
mod launch;
mod operations;
mod page;
mod published;
mod resources;
mod sessions;

use std::sync::Arc;

use roamd_http::Response;

use self::authentication::{forms, tokens};
use crate::app::state::AppState;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::route::{AuthenticationRoute, Route, StoreRoute};

/// Answers a request whose path and method are good.
pub(crate) async fn answer(
    gate: &Arc<AppState>,
    route: Route<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    match route {
        Route::Store(index, route) => {
            let site = gate.stores.get(index).ok_or(ApiError::NotFound)?;
            match route {
                StoreRoute::Available => sessions::available(gate, site, request).await,
                StoreRoute::Disconnect => sessions::disconnect(gate, site, request).await,
                StoreRoute::LogOff => sessions::log_off(gate, site, request).await,
                StoreRoute::Launch { session, retry } => {
                    launch::session(gate, site, session, retry, request).await
                }
                StoreRoute::Resources => resources::list(gate, site, request).await,
                StoreRoute::Resource { resource } => {
                    resources::one(gate, site, resource, request).await
                }
                StoreRoute::LaunchResource { resource, retry } => {
                    launch::resource(gate, site, resource, retry, request).await
                }
                StoreRoute::Icon {
                    resource,
                    format,
                    size,
                } => resources::picture(gate, site, resource, format, size, request).await,
                StoreRoute::Endpoints => published::store_endpoints(site, &request),
                StoreRoute::Discovery => published::discovery(gate, site, &request),
            }
        }
        Route::Authentication(route) => match route {
            AuthenticationRoute::Token => tokens::token(gate, request).await,
            AuthenticationRoute::Validate { service } => {
                tokens::validate(gate, service, request).await
            }
            AuthenticationRoute::Protocols => authentication::protocols(gate, request).await,
            AuthenticationRoute::FormsStart => forms::start(gate, request).await,
            AuthenticationRoute::FormsAttempt => forms::attempt(gate, request).await,
            AuthenticationRoute::FormsCancel => forms::cancel(gate, request).await,
            AuthenticationRoute::Endpoints => {
                published::authentication_endpoints(&gate.authentication, &request)
            }
        },
        Route::Schemas => operations::schemas(),
        Route::Schema(name) => published::schema(name),
        Route::Health => Ok(operations::health()),
        Route::Ready => operations::ready(gate, &request).await,
        Route::Metrics => operations::metrics(gate),
        Route::Page => operations::page(gate),
        Route::StyleSheet => Ok(operations::style_sheet()),
    }
}
