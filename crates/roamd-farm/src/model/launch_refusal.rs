//! Reasons to refuse a launch.

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
