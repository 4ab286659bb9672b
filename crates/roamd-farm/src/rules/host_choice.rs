//! Choice of the host for a new session.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::model::host::{HostRow, PowerState};
use crate::model::launch_refusal::LaunchRefusal;

/// `FarmLoadHint` of a full host. The default load evaluator of a farm reports it at 100 sessions,
/// 100 for each session, as seen in captures (nfuse.md §5.3).
const FULL: u32 = 10_000;

/// Host for a new session, and the action that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostChoice<'a> {
    /// Start the session on this host.
    Start(&'a HostRow),
    /// Switch this machine on; the client retries later.
    SwitchOn(&'a HostRow),
}

impl HostRow {
    /// Checks whether the host accepts a new session.
    pub(crate) fn check_new_session(&self, now: Timestamp) -> Result<(), LaunchRefusal> {
        if self.maintenance {
            return Err(LaunchRefusal::Maintenance);
        }
        match power_state(self.switched_on_at, self.boot_seconds, now) {
            PowerState::Off => Err(LaunchRefusal::Off),
            _ if self.load >= self.capacity => Err(LaunchRefusal::Full),
            PowerState::Starting => Err(LaunchRefusal::Starting),
            PowerState::On => Ok(()),
        }
    }

    /// Checks whether a client may connect to an existing session. A single-session host in
    /// maintenance refuses it. A shared host in maintenance accepts it, and only refuses new
    /// sessions.
    pub(crate) fn check_reconnect(&self) -> Result<(), LaunchRefusal> {
        if self.maintenance && self.capacity == 1 {
            Err(LaunchRefusal::SessionMaintenance)
        } else {
            self.check_connection()
        }
    }

    /// Checks whether the host accepts a connection. The host choice ignores this: a farm learns it
    /// only when the client connects.
    pub(crate) fn check_connection(&self) -> Result<(), LaunchRefusal> {
        if self.refusing {
            Err(LaunchRefusal::Refusing)
        } else {
            Ok(())
        }
    }

    /// Returns the load for `FarmLoadHint`: 0 to 10000, which means full.
    pub(crate) fn load_hint(&self) -> u32 {
        let hint = u64::from(self.load) * u64::from(FULL) / u64::from(self.capacity.max(1));
        u32::try_from(hint).map_or(FULL, |hint| hint.min(FULL))
    }

    /// Compares hosts by load relative to capacity.
    fn compare_load(&self, other: &Self) -> Ordering {
        let product = |load: u32, capacity: u32| u64::from(load) * u64::from(capacity);
        product(self.load, other.capacity).cmp(&product(other.load, self.capacity))
    }
}

/// Returns the power state of a machine from the time of switching on, in milliseconds since 1970.
/// The machine is ready when its boot time has passed. If the time lies in the future, because the
/// clock was set back, the machine counts as ready.
pub(crate) fn power_state(
    switched_on_at: Option<i64>,
    boot_seconds: u32,
    now: Timestamp,
) -> PowerState {
    let Some(start) = switched_on_at else {
        return PowerState::Off;
    };
    let end = start.saturating_add(i64::from(boot_seconds) * 1000);
    if (start..end).contains(&now.as_millisecond()) {
        PowerState::Starting
    } else {
        PowerState::On
    }
}

/// Chooses the ready host with the lowest load relative to its capacity. If none is ready, chooses
/// a machine to switch on, if `may_switch_on` allows it and no other machine is booting.
pub(crate) fn choose_host(
    hosts: &[HostRow],
    may_switch_on: bool,
    now: Timestamp,
) -> Result<HostChoice<'_>, LaunchRefusal> {
    let least_loaded = |check: Result<(), LaunchRefusal>| {
        let candidates = hosts
            .iter()
            .filter(|host| host.check_new_session(now) == check);
        candidates.min_by(|host, other| host.compare_load(other))
    };
    if let Some(host) = least_loaded(Ok(())) {
        return Ok(HostChoice::Start(host));
    }
    // Report the refusal that is closest to success.
    for refusal in [
        LaunchRefusal::Starting,
        LaunchRefusal::Off,
        LaunchRefusal::Full,
    ] {
        match least_loaded(Err(refusal)) {
            Some(host) if refusal == LaunchRefusal::Off && may_switch_on => {
                return Ok(HostChoice::SwitchOn(host));
            }
            Some(_) => return Err(refusal),
            None => {}
        }
    }
    Err(LaunchRefusal::Maintenance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn host(id: i64, load: u32, capacity: u32) -> HostRow {
        HostRow {
            id,
            label: id.to_string(),
            name: String::new(),
            address: String::new(),
            dns: String::new(),
            load,
            capacity,
            maintenance: false,
            refusing: false,
            boot_seconds: 30,
            switched_on_at: Some(0),
        }
    }

    fn switched_on(id: i64, seconds_ago: Option<i64>) -> HostRow {
        HostRow {
            switched_on_at: seconds_ago.map(|ago| now().as_millisecond() - ago * 1000),
            ..host(id, 0, 1)
        }
    }

    fn in_maintenance(id: i64) -> HostRow {
        HostRow {
            maintenance: true,
            ..host(id, 0, 10)
        }
    }

    #[test]
    fn machine_is_ready_after_boot_time() {
        for (ago, expected) in [
            (None, PowerState::Off),
            (Some(0), PowerState::Starting),
            (Some(29), PowerState::Starting),
            (Some(30), PowerState::On),
            // The clock was set back.
            (Some(-1), PowerState::On),
        ] {
            let host = switched_on(1, ago);
            let found = power_state(host.switched_on_at, host.boot_seconds, now());
            assert_eq!(found, expected, "{ago:?}");
        }
    }

    #[test]
    fn launch_chooses_least_loaded_host() {
        use LaunchRefusal::{Full, Maintenance, Off, Starting};
        let start = |id| Ok((id, false));
        let switch_on = |id| Ok((id, true));
        let cases = [
            (vec![host(1, 3, 10), host(2, 2, 10)], start(2)),
            (vec![host(1, 2, 10), host(2, 2, 10)], start(1)),
            // 2 of 4 is less than 75 of 100.
            (vec![host(1, 75, 100), host(2, 2, 4)], start(2)),
            (vec![host(1, 9, 10), in_maintenance(2)], start(1)),
            (vec![host(1, 10, 10), host(2, 11, 10)], Err(Full)),
            (vec![in_maintenance(1)], Err(Maintenance)),
            (vec![in_maintenance(1), host(2, 1, 1)], Err(Full)),
            (vec![], Err(Maintenance)),
            (vec![switched_on(1, None), host(2, 1, 10)], start(2)),
            (vec![host(1, 1, 1), switched_on(2, None)], switch_on(2)),
            (
                vec![switched_on(1, None), switched_on(2, Some(5))],
                Err(Starting),
            ),
            (vec![switched_on(1, Some(40))], start(1)),
        ];
        for (hosts, expected) in cases {
            let chosen = choose_host(&hosts, true, now()).map(|choice| match choice {
                HostChoice::Start(host) => (host.id, false),
                HostChoice::SwitchOn(host) => (host.id, true),
            });
            assert_eq!(chosen, expected, "{hosts:?}");
        }
        let hosts = [switched_on(1, None), host(2, 1, 1)];
        assert_eq!(choose_host(&hosts, false, now()), Err(Off));
    }

    #[test]
    fn maintenance_blocks_reconnect_on_single_session_host() {
        for (capacity, maintenance, expected) in [
            (1, false, Ok(())),
            (10, true, Ok(())),
            (1, true, Err(LaunchRefusal::SessionMaintenance)),
        ] {
            let host = HostRow {
                maintenance,
                ..host(1, 1, capacity)
            };
            assert_eq!(host.check_reconnect(), expected, "{capacity} {maintenance}");
        }
    }

    #[test]
    fn load_hint_of_full_host_is_10000() {
        for (load, capacity, expected) in [
            (0, 100, 0),
            (3, 100, 300),
            (1, 3, 3333),
            (1, 1, 10_000),
            (7, 1, 10_000),
            (u32::MAX, 1, 10_000),
        ] {
            assert_eq!(host(1, load, capacity).load_hint(), expected);
        }
    }
}
