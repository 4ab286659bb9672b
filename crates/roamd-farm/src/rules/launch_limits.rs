//! Checks of licences and limits before a launch.
//!
//! A licence counts connected users, however many sessions each has, and is free again when the
//! user disconnects. Limits count sessions, and instances of an application, connected or not.

use crate::model::farm_limits::{FarmLimits, FarmUsage, InstanceLimits, InstanceUsage};
use crate::model::launch_refusal::LaunchRefusal;
use crate::model::limit::Limit;

impl FarmLimits {
    /// Whether any limit is set. Without one the usage need not be counted.
    pub(crate) fn is_limited(&self) -> bool {
        [self.licences, self.sessions, self.sessions_per_user] != [Limit::None; 3]
    }

    /// Checks whether the user may connect to a session.
    pub(crate) fn allow_connection(&self, usage: &FarmUsage) -> Result<(), LaunchRefusal> {
        if usage.is_connected || self.licences.allows_one_more(usage.connected_users) {
            Ok(())
        } else {
            Err(LaunchRefusal::NotLicensed)
        }
    }

    /// Checks whether the user may start a session and connect to it.
    pub(crate) fn allow_session(&self, usage: &FarmUsage) -> Result<(), LaunchRefusal> {
        self.allow_connection(usage)?;
        if !self
            .sessions_per_user
            .allows_one_more(usage.sessions_of_user)
        {
            return Err(LaunchRefusal::UserLimit);
        }
        if !self.sessions.allows_one_more(usage.sessions) {
            return Err(LaunchRefusal::FarmLimit);
        }
        Ok(())
    }
}

impl InstanceLimits {
    /// Whether any limit is set. Without one the usage need not be counted.
    pub(crate) fn is_limited(&self) -> bool {
        [self.total, self.per_user] != [Limit::None; 2]
    }

    /// Checks whether the user may start another instance of the application.
    pub(crate) fn allow_instance(&self, usage: &InstanceUsage) -> Result<(), LaunchRefusal> {
        if !self.per_user.allows_one_more(usage.of_user) {
            return Err(LaunchRefusal::ApplicationUserLimit);
        }
        if !self.total.allows_one_more(usage.total) {
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
    fn licence_counts_connected_users_not_sessions() {
        for (licences, connected_users, is_connected, allowed) in [
            (None, 1000, false, true),
            (AtMost(0), 0, false, false),
            (AtMost(2), 1, false, true),
            (AtMost(2), 2, false, false),
            (AtMost(2), 2, true, true),
            // Fewer licences than users: connected users stay connected.
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
    fn reached_limit_is_reported() {
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
