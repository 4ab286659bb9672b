//! Licences and limits. Pure: what is in use and how much may be.
//!
//! A licence belongs to a user who is connected, however many sessions that are; who disconnects gives
//! it back. Limits count sessions, and instances of an application, whether connected or not.

use super::LaunchRefusal;
use crate::limit::Limit;

/// What may be in use on a farm at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FarmLimits {
    pub(crate) licences: Limit,
    pub(crate) sessions: Limit,
    pub(crate) sessions_per_user: Limit,
}

/// What is in use on a farm, from the view of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FarmUsage {
    /// Users with an active session.
    pub(crate) connected_users: u32,
    /// Whether the user is one of them.
    pub(crate) is_connected: bool,
    pub(crate) sessions: u32,
    pub(crate) sessions_of_user: u32,
}

/// How often an application may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstanceLimits {
    pub(crate) total: Limit,
    pub(crate) per_user: Limit,
}

/// How often an application runs, from the view of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstanceUsage {
    pub(crate) total: u32,
    pub(crate) of_user: u32,
}

impl FarmLimits {
    /// Whether there is any limit, so that what is in use has to be counted.
    pub(crate) fn are_any(&self) -> bool {
        [self.licences, self.sessions, self.sessions_per_user] != [Limit::None; 3]
    }

    /// Whether the user may connect.
    pub(crate) fn allow_connection(&self, usage: &FarmUsage) -> Result<(), LaunchRefusal> {
        if usage.is_connected || self.licences.allows_one_beside(usage.connected_users) {
            Ok(())
        } else {
            Err(LaunchRefusal::NotLicensed)
        }
    }

    /// Whether the user may start a session, and connect to it.
    pub(crate) fn allow_session(&self, usage: &FarmUsage) -> Result<(), LaunchRefusal> {
        self.allow_connection(usage)?;
        if !self
            .sessions_per_user
            .allows_one_beside(usage.sessions_of_user)
        {
            return Err(LaunchRefusal::UserLimit);
        }
        if !self.sessions.allows_one_beside(usage.sessions) {
            return Err(LaunchRefusal::FarmLimit);
        }
        Ok(())
    }
}

impl InstanceLimits {
    /// Whether there is any limit, so that what is in use has to be counted.
    pub(crate) fn are_any(&self) -> bool {
        [self.total, self.per_user] != [Limit::None; 2]
    }

    /// Whether the application may run once more for the user.
    pub(crate) fn allow_instance(&self, usage: &InstanceUsage) -> Result<(), LaunchRefusal> {
        if !self.per_user.allows_one_beside(usage.of_user) {
            return Err(LaunchRefusal::ApplicationUserLimit);
        }
        if !self.total.allows_one_beside(usage.total) {
            return Err(LaunchRefusal::ApplicationLimit);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Limit::{AtMost, None};

    #[test]
    fn a_licence_is_for_a_connected_user_whatever_he_runs() {
        for (licences, connected_users, is_connected, allowed) in [
            (None, 1000, false, true),
            (AtMost(0), 0, false, false),
            (AtMost(2), 1, false, true),
            (AtMost(2), 2, false, false),
            (AtMost(2), 2, true, true),
            // Fewer than there are in use: who is in stays in.
            (AtMost(1), 2, true, true),
        ] {
            let limits = FarmLimits {
                licences,
                sessions: None,
                sessions_per_user: None,
            };
            let usage = FarmUsage {
                connected_users,
                is_connected,
                sessions: 1000,
                sessions_of_user: 1000,
            };
            let expected = if allowed {
                Ok(())
            } else {
                Err(LaunchRefusal::NotLicensed)
            };
            assert_eq!(limits.allow_connection(&usage), expected);
            assert_eq!(limits.allow_session(&usage), expected);
        }
    }

    #[test]
    fn the_limit_that_is_reached_is_the_one_that_is_told() {
        for (sessions, sessions_per_user, expected) in [
            (None, None, Ok(())),
            (AtMost(11), AtMost(4), Ok(())),
            (AtMost(11), AtMost(3), Err(LaunchRefusal::UserLimit)),
            (AtMost(10), AtMost(4), Err(LaunchRefusal::FarmLimit)),
        ] {
            let limits = FarmLimits {
                licences: None,
                sessions,
                sessions_per_user,
            };
            let usage = FarmUsage {
                connected_users: 5,
                is_connected: true,
                sessions: 10,
                sessions_of_user: 3,
            };
            assert_eq!(limits.allow_session(&usage), expected);
        }
        for (total, per_user, expected) in [
            (None, None, Ok(())),
            (AtMost(5), AtMost(2), Ok(())),
            (
                AtMost(5),
                AtMost(1),
                Err(LaunchRefusal::ApplicationUserLimit),
            ),
            (AtMost(4), AtMost(2), Err(LaunchRefusal::ApplicationLimit)),
        ] {
            let usage = InstanceUsage {
                total: 4,
                of_user: 1,
            };
            assert_eq!(
                InstanceLimits { total, per_user }.allow_instance(&usage),
                expected
            );
        }
    }
}
