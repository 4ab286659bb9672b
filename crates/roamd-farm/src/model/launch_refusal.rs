//! Reasons to refuse a launch.

/// Reason to refuse a launch, although the application or session exists and the user may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LaunchRefusal {
    /// The machine is booting.
    #[error("the machine is starting")]
    Starting,
    /// Every host of the application is off, and the farm does not switch one on.
    #[error("the machine is switched off")]
    Off,
    /// Every host of the application is full.
    #[error("every host of the application is full")]
    Full,
    /// Every host of the application, or its host group, is in maintenance.
    #[error("every host of the application is in maintenance")]
    Maintenance,
    /// The session is on a single-session host in maintenance.
    #[error("the machine of the session is in maintenance")]
    SessionMaintenance,
    /// The chosen host, or the host of the session, refuses connections.
    #[error("the machine refuses connections")]
    Refusing,
    /// The application is disabled.
    #[error("the application is disabled")]
    Disabled,
    /// The user needs a licence, and all are in use.
    #[error("every licence of the farm is in use")]
    NotLicensed,
    /// The farm is at its session limit.
    #[error("the farm is at its session limit")]
    FarmLimit,
    /// The user is at the session limit of one user.
    #[error("the user is at the session limit for one user")]
    UserLimit,
    /// The application is at its instance limit.
    #[error("the application is at its instance limit")]
    ApplicationLimit,
    /// The application is at its instance limit for one user.
    #[error("the application is at its instance limit for one user")]
    ApplicationUserLimit,
}
