//! Launches: where one goes, what stands in its way, and what becomes of it when the client comes.
//!
//! The rules are pure and have a module each: [`host`] chooses a machine, [`sharing`] a session to join,
//! [`limits`] counts what is in use. [`place`] and [`redeem`] put them to work on the database: the first when a client asks for an
//! address, the second when it comes to the host. What a place promised may have changed meanwhile,
//! so the second asks the same rules again, in the transaction that starts the session.

pub(crate) mod host;
pub(crate) mod limits;
pub(crate) mod place;
pub(crate) mod redeem;
pub(crate) mod sharing;

use rusqlite::Connection;

use crate::db::catalogue::{ApplicationRow, FarmRow};
use crate::db::sessions::SessionRow;
use crate::db::{Failure, sessions, usage};
use crate::world::Generation;

/// Why a launch does not happen, although the application or session exists and is the user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LaunchRefusal {
    /// A machine is starting; it will be there soon.
    #[error("its machine is starting")]
    Starting,
    /// Every machine for it is off, and nobody switches one on.
    #[error("its machine is switched off")]
    Off,
    /// Every host for it has as many sessions as it takes.
    #[error("every host for it is full")]
    Full,
    /// Every host for it is in maintenance, or its whole group.
    #[error("every host for it is in maintenance")]
    Maintenance,
    /// The session is on a machine for one user that is in maintenance.
    #[error("the machine of the session is in maintenance")]
    SessionMaintenance,
    /// The machine that was chosen, or that the session is on, refuses connections.
    #[error("its machine refuses connections")]
    Refusing,
    /// The application is switched off.
    #[error("the application is disabled")]
    Disabled,
    /// Another user would need a licence, and all are in use.
    #[error("every licence of the farm is in use")]
    NotLicensed,
    /// There may be no more sessions on the farm.
    #[error("the farm has as many sessions as it may have")]
    FarmLimit,
    /// The user may have no more sessions on the farm.
    #[error("the user has as many sessions as one may have")]
    UserLimit,
    /// The application may not run once more.
    #[error("the application runs as often as it may")]
    ApplicationLimit,
    /// The application may not run once more for this user.
    #[error("the application runs as often as it may for one user")]
    ApplicationUserLimit,
}

/// The session that a launch of the application returns to: the user's disconnected one in which it
/// runs, for a desktop also one that is active elsewhere.
fn waiting_session(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    application: &ApplicationRow,
) -> Result<Option<SessionRow>, Failure> {
    // XenDesktop and later: whoever moves to another client finds the one desktop there.
    let also_active = application.is_desktop && farm.generation != Generation::XenApp6;
    sessions::running(connection, farm.id, user, application.id, also_active)
}

/// Makes sure that the user may connect to a session of the farm.
fn allow_connection(connection: &Connection, farm: i64, user: i64) -> Result<(), Failure> {
    let limits = usage::farm_limits(connection, farm)?;
    if limits.are_any() {
        limits.allow_connection(&usage::of_farm(connection, farm, user)?)?;
    }
    Ok(())
}

/// Makes sure that the user may start a session of the application.
fn allow_session(
    connection: &Connection,
    farm: i64,
    user: i64,
    application: &ApplicationRow,
) -> Result<(), Failure> {
    let limits = usage::farm_limits(connection, farm)?;
    if limits.are_any() {
        limits.allow_session(&usage::of_farm(connection, farm, user)?)?;
    }
    allow_instance(connection, user, application)
}

/// Makes sure that the application may run once more for the user.
fn allow_instance(
    connection: &Connection,
    user: i64,
    application: &ApplicationRow,
) -> Result<(), Failure> {
    if application.limits.are_any() {
        let usage = usage::of_application(connection, application.id, user)?;
        application.limits.allow_instance(&usage)?;
    }
    Ok(())
}
