#![doc = include_str!("../README.md")]

mod activity;
mod auth_methods;
mod auth_status;
mod branding;
mod challenge;
mod client_assistant;
mod configuration;
mod cookies;
pub mod csrf;
mod device_id;
mod document;
mod farm_names;
mod form;
mod json;
mod launch_status;
pub mod media_type;
mod parameters;
mod resources;
mod route;
mod self_service;
mod session_result;
mod sessions;
mod set_cookie;

pub use activity::{Activity, ActivitySession, Connection};
pub use auth_methods::AuthMethods;
pub use auth_status::{AuthStatus, AuthType, LogMessage};
pub use branding::Branding;
pub use challenge::Challenge;
pub use client_assistant::{
    DetectionStatus, DetectionTicket, FileTicket, ticket_of_form, ticket_of_parameters,
};
pub use configuration::{ClientSettings, LogoffAction, WorkspaceControl};
pub use cookies::Cookies;
pub use device_id::DeviceId;
pub use farm_names::FarmNames;
pub use form::{has_credentials_in_query, web_form};
pub use launch_status::LaunchStatus;
pub use parameters::{Details, Parameters, SessionType};
pub use resources::{Resource, Resources};
pub use route::{LaunchTarget, WebRoute};
pub use self_service::SelfService;
pub use session_result::SessionResult;
pub use sessions::Sessions;
pub use set_cookie::CookieScope;
