//! Checks that a launch passes before it connects, starts or joins a session.

use rusqlite::Connection;

use crate::model::application::ApplicationRow;
use crate::model::farm::FarmRow;
use crate::model::session::SessionRow;
use crate::rules::generation_behaviour::desktops_follow_user;
use crate::store::store_error::StoreError;
use crate::store::{sessions, usage};

/// Finds the session that a launch of the application returns to: the user's disconnected session
/// in which it runs, for a desktop also an active one on another client.
pub(crate) fn session_to_resume(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    application: &ApplicationRow,
) -> Result<Option<SessionRow>, StoreError> {
    let also_active = application.is_desktop && desktops_follow_user(farm.generation);
    sessions::running(connection, farm.id, user, application.id, also_active)
}

/// Checks that the user may connect to a session of the farm.
pub(crate) fn allow_connection(
    connection: &Connection,
    farm: i64,
    user: i64,
) -> Result<(), StoreError> {
    let limits = usage::farm_limits(connection, farm)?;
    if limits.is_limited() {
        limits.allow_connection(&usage::of_farm(connection, farm, user)?)?;
    }
    Ok(())
}

/// Checks that the user may start a session of the application.
pub(crate) fn allow_session(
    connection: &Connection,
    farm: i64,
    user: i64,
    application: &ApplicationRow,
) -> Result<(), StoreError> {
    let limits = usage::farm_limits(connection, farm)?;
    if limits.is_limited() {
        limits.allow_session(&usage::of_farm(connection, farm, user)?)?;
    }
    allow_instance(connection, user, application)
}

/// Checks that the user may start another instance of the application.
pub(crate) fn allow_instance(
    connection: &Connection,
    user: i64,
    application: &ApplicationRow,
) -> Result<(), StoreError> {
    if application.limits.is_limited() {
        let usage = usage::of_application(connection, application.id, user)?;
        application.limits.allow_instance(&usage)?;
    }
    Ok(())
}
