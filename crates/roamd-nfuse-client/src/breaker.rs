//! Circuit breaker of a controller. Pure, and tested as a table.
//!
//! The breaker opens after consecutive failures of calls, and closes again after a successful
//! probe; there is one probe at a time. A timeout of a call proves little, because it may come from
//! the host of one user's session: the controller becomes suspect, and a probe that involves no
//! user decides. The same holds for the failed probe of an idle controller.

use std::time::{Duration, Instant};

/// Number of consecutive failures that opens the breaker.
pub(crate) const FAILURE_THRESHOLD: u32 = 3;

/// Back-off before the first probe of an open breaker. It doubles with each failed probe.
const MIN_BACKOFF: Duration = Duration::from_secs(1);

/// Limit of the back-off, so that a recovered controller is used again within seconds.
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Circuit breaker of one controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breaker {
    state: State,
    /// Whether a probe is in progress. Together with an open state this is half-open.
    probing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In use, after this number of consecutive failures.
    Closed { failures: u32 },
    /// In use after the timeout of a call, until a probe has decided.
    Suspect { failures: u32 },
    /// Not in use; the next probe is due at `until`.
    Open {
        until: Instant,
        /// Back-off without jitter.
        backoff: Duration,
        reason: OpenReason,
    },
}

/// Reason of an open breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenReason {
    /// The controller refuses or breaks connections, or sends bad responses. A call that tries it
    /// loses little time.
    Failing,
    /// The controller accepts requests and does not respond.
    Unresponsive,
}

/// Permission of a call to try a controller, and its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The breaker is closed: without restriction.
    Allowed,
    /// After all controllers with a closed breaker. The time is that of the next probe.
    LastResort(Instant),
    /// If the farm has no other controller, and by one call at a time. The time is that of the next
    /// probe.
    SingleTrial(Instant),
}

/// State of a controller's circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControllerState {
    /// Calls use the controller.
    Closed,
    /// Calls use the controller. A call timed out, or the probe of the idle controller failed;
    /// another probe is due or in progress.
    Suspect,
    /// Calls skip the controller.
    Open,
    /// Calls skip the controller, and a probe is in progress.
    HalfOpen,
}

/// State change of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    /// From open to closed.
    Closed,
    /// From suspect to closed.
    Cleared,
    /// From closed to suspect. A probe is due.
    Suspect,
    /// To open. A probe is due after the back-off.
    Opened,
}

/// Next step of the task that probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProbeStep {
    /// Probe now, and report the result to the breaker.
    Start,
    /// Call again at this time.
    WaitUntil(Instant),
    /// End: the breaker is closed, or a probe is in progress.
    NotNeeded,
}

impl Breaker {
    /// Creates a closed breaker.
    pub(crate) fn new() -> Self {
        Self {
            state: State::Closed { failures: 0 },
            probing: false,
        }
    }

    /// Returns a breaker in the same state, whose probes another task makes.
    pub(crate) fn successor(&self) -> Self {
        Self {
            state: self.state,
            probing: false,
        }
    }

    /// Returns whether, and in which order, a call may try the controller.
    pub(crate) fn admission(&self) -> Admission {
        match self.state {
            State::Closed { .. } | State::Suspect { .. } => Admission::Allowed,
            State::Open { until, reason, .. } => match reason {
                OpenReason::Failing => Admission::LastResort(until),
                OpenReason::Unresponsive => Admission::SingleTrial(until),
            },
        }
    }

    /// Returns the state for reports.
    pub(crate) fn state(&self) -> ControllerState {
        match self.state {
            State::Closed { .. } => ControllerState::Closed,
            State::Suspect { .. } => ControllerState::Suspect,
            State::Open { .. } if self.probing => ControllerState::HalfOpen,
            State::Open { .. } => ControllerState::Open,
        }
    }

    /// Records a response to a call or to the probe. The breaker closes.
    pub(crate) fn on_response(&mut self) -> Option<Transition> {
        let before = std::mem::replace(self, Self::new());
        match before.state {
            State::Closed { .. } => None,
            State::Suspect { .. } => Some(Transition::Cleared),
            State::Open { .. } => Some(Transition::Closed),
        }
    }

    /// Records a failure of the controller in a call. `jitter` is from 0 to 1.
    ///
    /// An open breaker ignores it, so that calls which try the controller as a last resort do not
    /// keep the breaker open.
    pub(crate) fn on_failure(&mut self, now: Instant, jitter: f64) -> Option<Transition> {
        match &mut self.state {
            State::Closed { failures } | State::Suspect { failures } => {
                *failures += 1;
                if *failures < FAILURE_THRESHOLD {
                    return None;
                }
                self.state = open(now, MIN_BACKOFF, jitter, OpenReason::Failing);
                Some(Transition::Opened)
            }
            State::Open { .. } => None,
        }
    }

    /// Records that the controller accepted the connection of a call and did not respond in time.
    pub(crate) fn on_timeout(&mut self) -> Option<Transition> {
        match self.state {
            State::Closed { failures } => {
                self.state = State::Suspect { failures };
                Some(Transition::Suspect)
            }
            State::Suspect { .. } | State::Open { .. } => None,
        }
    }

    /// Records that the probe of an idle controller failed. Like a timeout, one failure proves
    /// little: the next probe decides.
    pub(crate) fn on_idle_probe_failure(&mut self) -> Option<Transition> {
        self.on_timeout()
    }

    /// Starts a probe if one is due.
    pub(crate) fn start_probe(&mut self, now: Instant) -> ProbeStep {
        match self.state {
            _ if self.probing => ProbeStep::NotNeeded,
            State::Closed { .. } => ProbeStep::NotNeeded,
            State::Open { until, .. } if now < until => ProbeStep::WaitUntil(until),
            State::Suspect { .. } | State::Open { .. } => {
                self.probing = true;
                ProbeStep::Start
            }
        }
    }

    /// Records the failure of the probe in progress. `jitter` is from 0 to 1.
    pub(crate) fn on_probe_failure(
        &mut self,
        now: Instant,
        jitter: f64,
        reason: OpenReason,
    ) -> Option<Transition> {
        if !std::mem::take(&mut self.probing) {
            // A call got a response in the meantime, and closed the breaker.
            return None;
        }
        match self.state {
            State::Open { backoff, .. } => {
                let backoff = (backoff * 2).min(MAX_BACKOFF);
                self.state = open(now, backoff, jitter, reason);
                None
            }
            State::Closed { .. } | State::Suspect { .. } => {
                self.state = open(now, MIN_BACKOFF, jitter, reason);
                Some(Transition::Opened)
            }
        }
    }
}

/// Returns an open state. The wait is at least half of the back-off; the rest is random, so that
/// servers which saw a controller fail at the same time do not probe it at the same time.
fn open(now: Instant, backoff: Duration, jitter: f64, reason: OpenReason) -> State {
    let wait = backoff.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
    State::Open {
        until: now + wait,
        backoff,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Event of a breaker.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Response,
        Failure,
        Timeout,
        StartProbe,
        ProbeFailure,
        Elapse(u64),
    }

    const JITTER: f64 = 1.0;
    const REASON: OpenReason = OpenReason::Unresponsive;

    /// Returns the time of the next probe if the breaker is open.
    fn open_until(breaker: &Breaker) -> Option<Instant> {
        match breaker.admission() {
            Admission::Allowed => None,
            Admission::LastResort(until) | Admission::SingleTrial(until) => Some(until),
        }
    }

    fn open_breaker(now: Instant) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..FAILURE_THRESHOLD {
            breaker.on_failure(now, JITTER);
        }
        breaker
    }

    #[test]
    fn only_consecutive_failures_open_the_breaker() {
        use Event::{Failure, ProbeFailure, Response, StartProbe, Timeout};
        let cases: [(&[Event], bool); 9] = [
            (&[], false),
            (&[Failure, Failure], false),
            (&[Failure, Failure, Failure], true),
            (&[Failure, Failure, Response, Failure, Failure], false),
            // Timeouts of one user's calls do not take the controller from other users.
            (&[Timeout; 50], false),
            (&[Failure, Failure, Timeout, Failure], true),
            (&[Timeout, StartProbe, ProbeFailure], true),
            (&[Timeout, StartProbe, Response, ProbeFailure], false),
            (&[Failure, Failure, Failure, Response], false),
        ];
        let now = Instant::now();
        for (events, expected) in cases {
            let mut breaker = Breaker::new();
            for event in events {
                apply(&mut breaker, *event, now);
            }
            assert_eq!(open_until(&breaker).is_some(), expected, "{events:?}");
        }
    }

    #[test]
    fn state_follows_timeouts_and_probes() {
        let now = Instant::now();
        let mut breaker = Breaker::new();
        assert_eq!(breaker.state(), ControllerState::Closed);
        breaker.on_timeout();
        assert_eq!(breaker.state(), ControllerState::Suspect);
        breaker.start_probe(now);
        assert_eq!(breaker.state(), ControllerState::Suspect);
        breaker.on_probe_failure(now, JITTER, REASON);
        assert_eq!(breaker.state(), ControllerState::Open);
        breaker.start_probe(now + MIN_BACKOFF);
        assert_eq!(breaker.state(), ControllerState::HalfOpen);
        breaker.on_response();
        assert_eq!(breaker.state(), ControllerState::Closed);
    }

    #[test]
    fn backoff_doubles_with_each_failed_probe_up_to_limit() {
        let mut now = Instant::now();
        let mut breaker = open_breaker(now);
        for expected in [1, 2, 4, 8, 10, 10, 10] {
            let until = open_until(&breaker).unwrap();
            assert_eq!(until - now, Duration::from_secs(expected));
            assert_eq!(breaker.start_probe(now), ProbeStep::WaitUntil(until));
            now = until;
            assert_eq!(breaker.start_probe(now), ProbeStep::Start);
            assert_eq!(breaker.on_probe_failure(now, JITTER, REASON), None);
        }
    }

    #[test]
    fn open_reason_decides_who_may_try_the_controller() {
        let now = Instant::now();
        let mut breaker = open_breaker(now);
        let first = now + MIN_BACKOFF;
        assert_eq!(breaker.admission(), Admission::LastResort(first));
        for (reason, backoff) in [(OpenReason::Unresponsive, 2), (OpenReason::Failing, 4)] {
            let until = open_until(&breaker).unwrap();
            breaker.start_probe(until);
            breaker.on_probe_failure(until, JITTER, reason);
            let until = until + Duration::from_secs(backoff);
            let expected = match reason {
                OpenReason::Failing => Admission::LastResort(until),
                OpenReason::Unresponsive => Admission::SingleTrial(until),
            };
            assert_eq!(breaker.admission(), expected);
        }
    }

    #[test]
    fn failed_calls_do_not_extend_backoff() {
        let now = Instant::now();
        let mut breaker = open_breaker(now);
        let until = open_until(&breaker);
        for _ in 0..100 {
            assert_eq!(
                breaker.on_failure(now + Duration::from_millis(1), JITTER),
                None
            );
        }
        assert_eq!(open_until(&breaker), until);
    }

    #[test]
    fn jitter_shortens_backoff_by_at_most_half() {
        let now = Instant::now();
        for (jitter, milliseconds) in [(0.0, 500), (0.5, 750), (1.0, 1000), (9.0, 1000)] {
            let mut breaker = Breaker::new();
            breaker.on_timeout();
            breaker.start_probe(now);
            assert_eq!(
                breaker.on_probe_failure(now, jitter, REASON),
                Some(Transition::Opened)
            );
            let expected = now + Duration::from_millis(milliseconds);
            assert_eq!(open_until(&breaker), Some(expected), "{jitter}");
        }
    }

    fn apply(breaker: &mut Breaker, event: Event, now: Instant) {
        match event {
            Event::Response => _ = breaker.on_response(),
            Event::Failure => _ = breaker.on_failure(now, JITTER),
            Event::Timeout => _ = breaker.on_timeout(),
            Event::StartProbe => _ = breaker.start_probe(now),
            Event::ProbeFailure => _ = breaker.on_probe_failure(now, JITTER, REASON),
            Event::Elapse(_) => {}
        }
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            Just(Event::Response),
            Just(Event::Failure),
            Just(Event::Failure),
            Just(Event::Timeout),
            Just(Event::StartProbe),
            Just(Event::ProbeFailure),
            (1..20_000_u64).prop_map(Event::Elapse),
        ];
        prop::collection::vec(event, 0..200)
    }

    proptest! {
        #[test]
        fn breaker_is_never_stuck(events in events()) {
            let mut now = Instant::now();
            let mut breaker = Breaker::new();
            for event in events {
                if let Event::Elapse(milliseconds) = event {
                    now += Duration::from_millis(milliseconds);
                }
                let probing = breaker.probing;
                if let Event::StartProbe = event {
                    let probe = breaker.start_probe(now);
                    // One probe at a time, and not before it is due.
                    let due = open_until(&breaker).is_none_or(|until| until <= now);
                    prop_assert!(probe != ProbeStep::Start || (!probing && due));
                } else {
                    apply(&mut breaker, event, now);
                }
                if let Event::Response = event {
                    prop_assert_eq!(&breaker, &Breaker::new());
                }
                if let Some(until) = open_until(&breaker) {
                    prop_assert!(until <= now + MAX_BACKOFF);
                    let mut later = breaker.clone();
                    later.on_probe_failure(now, JITTER, REASON);
                    let then = now + MAX_BACKOFF;
                    prop_assert_eq!(later.start_probe(then), ProbeStep::Start);
                }
            }
        }
    }
}
