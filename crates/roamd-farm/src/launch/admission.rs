//! Checks that a launch passes before it connects, starts or joins a session.

use rusqlite::Connection;

use crate::model::application::ApplicationRow;
use crate::model::farm::FarmRow;
use crate::model::session::SessionRow;
use crate::rules::generation_behaviour::desktops_follow_user;
use crate::store::store_error::StoreError;
use crate::store::{sessions, usage};

/// The session that a launch of the application returns to: the user's disconnected one in which it
/// runs, for a desktop also one that is active elsewhere.
pub(crate) fn waiting_session(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    application: &ApplicationRow,
) -> Result<Option<SessionRow>, StoreError> {
    // XenDesktop and later: whoever moves to another client finds the one desktop there.
    let also_active = application.is_desktop && desktops_follow_user(farm.generation);
    sessions::running(connection, farm.id, user, application.id, also_active)
}

/// Makes sure that the user may connect to a session of the farm.
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

/// Makes sure that the user may start a session of the application.
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

/// Makes sure that the application may run once more for the user.
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
