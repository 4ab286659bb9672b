//! Whether a controller is used or passed over: pure, so that it can be read and tested as a table.
//!
//! Calls tell the breaker what they met; a probe, one at a time, tells when the controller is back.
//! A call that got no answer says little, because the host of one user's session may hang: it only
//! makes the breaker doubt, and a probe that asks for nothing of any user decides.

use std::time::{Duration, Instant};

/// Failures in a row after which a controller is passed over.
pub(crate) const MOST_FAILURES: u32 = 3;

/// Back-off after a controller is first passed over; it doubles with each probe that fails.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);

/// The longest back-off, so that a controller is used again within seconds of its recovery.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

/// The breaker of one controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breaker {
    state: State,
    /// A probe is under way. With an open state this is what is called half-open.
    probing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In use, after so many failures in a row.
    Closed { failures: u32 },
    /// In use, but a call got no answer in time.
    Doubted { failures: u32 },
    /// Passed over, and not to be probed before then.
    Open {
        until: Instant,
        /// The back-off without jitter.
        back_off: Duration,
        cause: Cause,
    },
}

/// How the controller of an open breaker fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It takes no connection, or breaks it, or answers nonsense: a call that tries it all the same
    /// loses little time.
    Fails,
    /// It takes requests and does not answer.
    Hangs,
}

/// How calls may use a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Like any other.
    Freely,
    /// When no other is left. It is probed then.
    AsLast(Instant),
    /// When there is no other at all, and by one call at a time. It is probed then.
    OnTrial(Instant),
}

/// Whether a controller is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControllerState {
    /// It is used.
    Closed,
    /// It is used, but did not answer a call in time; a probe is to tell.
    Doubted,
    /// It is passed over.
    Open,
    /// It is passed over, and a probe is under way.
    HalfOpen,
}

/// What became of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The controller is used again.
    Closed,
    /// The controller is no longer doubted.
    Cleared,
    /// The controller is still used, and has to be probed.
    Doubted,
    /// The controller is passed over from now on, and has to be probed.
    Opened,
}

/// What whoever probes has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Probe, and tell the breaker how it went.
    Begin,
    /// Ask again then.
    Wait(Instant),
    /// Nothing: the controller is in use, or a probe is under way.
    Needless,
}

impl Breaker {
    /// The breaker of a controller that nothing is known of.
    pub(crate) fn new() -> Self {
        Self {
            state: State::Closed { failures: 0 },
            probing: false,
        }
    }

    /// How calls may use the controller.
    pub(crate) fn usable(&self) -> Use {
        match self.state {
            State::Closed { .. } | State::Doubted { .. } => Use::Freely,
            State::Open { until, cause, .. } => match cause {
                Cause::Fails => Use::AsLast(until),
                Cause::Hangs => Use::OnTrial(until),
            },
        }
    }

    /// Whether the controller is used.
    pub(crate) fn state(&self) -> ControllerState {
        match self.state {
            State::Closed { .. } => ControllerState::Closed,
            State::Doubted { .. } => ControllerState::Doubted,
            State::Open { .. } if self.probing => ControllerState::HalfOpen,
            State::Open { .. } => ControllerState::Open,
        }
    }

    /// The controller has answered, to a call or to the probe.
    pub(crate) fn answered(&mut self) -> Option<Change> {
        let before = std::mem::replace(self, Self::new());
        match before.state {
            State::Closed { .. } => None,
            State::Doubted { .. } => Some(Change::Cleared),
            State::Open { .. } => Some(Change::Closed),
        }
    }

    /// A call met a failure of the controller itself. `jitter` is from 0 to 1.
    ///
    /// An open breaker only listens to probes, so that calls which try it for want of a better
    /// controller do not keep it open.
    pub(crate) fn failed(&mut self, now: Instant, jitter: f64) -> Option<Change> {
        match &mut self.state {
            State::Closed { failures } | State::Doubted { failures } => {
                *failures += 1;
                if *failures < MOST_FAILURES {
                    return None;
                }
                self.state = open(now, FIRST_BACK_OFF, jitter, Cause::Fails);
                Some(Change::Opened)
            }
            State::Open { .. } => None,
        }
    }

    /// A call had a connection to the controller and got no answer in time.
    pub(crate) fn silent(&mut self) -> Option<Change> {
        match self.state {
            State::Closed { failures } => {
                self.state = State::Doubted { failures };
                Some(Change::Doubted)
            }
            State::Doubted { .. } | State::Open { .. } => None,
        }
    }

    /// Begins a probe if one is due.
    pub(crate) fn begin_probe(&mut self, now: Instant) -> Probe {
        match self.state {
            _ if self.probing => Probe::Needless,
            State::Closed { .. } => Probe::Needless,
            State::Open { until, .. } if now < until => Probe::Wait(until),
            State::Doubted { .. } | State::Open { .. } => {
                self.probing = true;
                Probe::Begin
            }
        }
    }

    /// The probe that was begun got no answer. `jitter` is from 0 to 1.
    pub(crate) fn probe_failed(
        &mut self,
        now: Instant,
        jitter: f64,
        cause: Cause,
    ) -> Option<Change> {
        if !std::mem::take(&mut self.probing) {
            // The controller has answered a call meanwhile.
            return None;
        }
        match self.state {
            State::Open { back_off, .. } => {
                let back_off = (back_off * 2).min(LONGEST_BACK_OFF);
                self.state = open(now, back_off, jitter, cause);
                None
            }
            State::Closed { .. } | State::Doubted { .. } => {
                self.state = open(now, FIRST_BACK_OFF, jitter, cause);
                Some(Change::Opened)
            }
        }
    }
}

/// Half of the back-off at least, so that gateways which saw a controller fail together do not
/// probe it together.
fn open(now: Instant, back_off: Duration, jitter: f64, cause: Cause) -> State {
    let wait = back_off.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0));
    State::Open {
        until: now + wait,
        back_off,
        cause,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What may happen to a breaker.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Answered,
        Failed,
        Silent,
        BeginProbe,
        ProbeFailed,
        Pass(u64),
    }

    const JITTER: f64 = 1.0;
    const CAUSE: Cause = Cause::Hangs;

    /// When the controller is probed next, if it is passed over.
    fn open_until(breaker: &Breaker) -> Option<Instant> {
        match breaker.usable() {
            Use::Freely => None,
            Use::AsLast(until) | Use::OnTrial(until) => Some(until),
        }
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..MOST_FAILURES {
            breaker.failed(now, JITTER);
        }
        breaker
    }

    #[test]
    fn only_failures_in_a_row_open_a_breaker() {
        use Event::{Answered, BeginProbe, Failed, ProbeFailed, Silent};
        let cases: [(&[Event], bool); 9] = [
            (&[], false),
            (&[Failed, Failed], false),
            (&[Failed, Failed, Failed], true),
            (&[Failed, Failed, Answered, Failed, Failed], false),
            // The time-outs of one user's calls do not take the controller from the others.
            (&[Silent; 50], false),
            (&[Failed, Failed, Silent, Failed], true),
            (&[Silent, BeginProbe, ProbeFailed], true),
            (&[Silent, BeginProbe, Answered, ProbeFailed], false),
            (&[Failed, Failed, Failed, Answered], false),
        ];
        let now = Instant::now();
        for (events, expected) in cases {
            let mut breaker = Breaker::new();
            for event in events {
                play(&mut breaker, *event, now);
            }
            assert_eq!(open_until(&breaker).is_some(), expected, "{events:?}");
        }
    }

    #[test]
    fn a_breaker_tells_whether_its_controller_is_used() {
        let now = Instant::now();
        let mut breaker = Breaker::new();
        assert_eq!(breaker.state(), ControllerState::Closed);
        breaker.silent();
        assert_eq!(breaker.state(), ControllerState::Doubted);
        breaker.begin_probe(now);
        assert_eq!(breaker.state(), ControllerState::Doubted);
        breaker.probe_failed(now, JITTER, CAUSE);
        assert_eq!(breaker.state(), ControllerState::Open);
        breaker.begin_probe(now + FIRST_BACK_OFF);
        assert_eq!(breaker.state(), ControllerState::HalfOpen);
        breaker.answered();
        assert_eq!(breaker.state(), ControllerState::Closed);
    }

    #[test]
    fn the_back_off_grows_with_each_failed_probe_up_to_a_limit() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for expected in [1, 2, 4, 8, 10, 10, 10] {
            let until = open_until(&breaker).unwrap();
            assert_eq!(until - now, Duration::from_secs(expected));
            assert_eq!(breaker.begin_probe(now), Probe::Wait(until));
            now = until;
            assert_eq!(breaker.begin_probe(now), Probe::Begin);
            assert_eq!(breaker.probe_failed(now, JITTER, CAUSE), None);
        }
    }

    #[test]
    fn who_hangs_is_tried_by_one_call_and_who_fails_by_any() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let first = now + FIRST_BACK_OFF;
        assert_eq!(breaker.usable(), Use::AsLast(first));
        for (cause, back_off) in [(Cause::Hangs, 2), (Cause::Fails, 4)] {
            let until = open_until(&breaker).unwrap();
            breaker.begin_probe(until);
            breaker.probe_failed(until, JITTER, cause);
            let until = until + Duration::from_secs(back_off);
            let expected = match cause {
                Cause::Fails => Use::AsLast(until),
                Cause::Hangs => Use::OnTrial(until),
            };
            assert_eq!(breaker.usable(), expected);
        }
    }

    #[test]
    fn calls_do_not_lengthen_the_back_off() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let until = open_until(&breaker);
        for _ in 0..100 {
            assert_eq!(breaker.failed(now + Duration::from_millis(1), JITTER), None);
        }
        assert_eq!(open_until(&breaker), until);
    }

    #[test]
    fn jitter_shortens_a_back_off_by_half_at_most() {
        let now = Instant::now();
        for (jitter, milliseconds) in [(0.0, 500), (0.5, 750), (1.0, 1000), (9.0, 1000)] {
            let mut breaker = Breaker::new();
            breaker.silent();
            breaker.begin_probe(now);
            assert_eq!(
                breaker.probe_failed(now, jitter, CAUSE),
                Some(Change::Opened)
            );
            let expected = now + Duration::from_millis(milliseconds);
            assert_eq!(open_until(&breaker), Some(expected), "{jitter}");
        }
    }

    fn play(breaker: &mut Breaker, event: Event, now: Instant) {
        match event {
            Event::Answered => _ = breaker.answered(),
            Event::Failed => _ = breaker.failed(now, JITTER),
            Event::Silent => _ = breaker.silent(),
            Event::BeginProbe => _ = breaker.begin_probe(now),
            Event::ProbeFailed => _ = breaker.probe_failed(now, JITTER, CAUSE),
            Event::Pass(_) => {}
        }
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            Just(Event::Answered),
            Just(Event::Failed),
            Just(Event::Failed),
            Just(Event::Silent),
            Just(Event::BeginProbe),
            Just(Event::ProbeFailed),
            (1..20_000_u64).prop_map(Event::Pass),
        ];
        prop::collection::vec(event, 0..200)
    }

    proptest! {
        #[test]
        fn a_breaker_is_never_stuck(events in events()) {
            let mut now = Instant::now();
            let mut breaker = Breaker::new();
            for event in events {
                if let Event::Pass(milliseconds) = event {
                    now += Duration::from_millis(milliseconds);
                }
                let probing = breaker.probing;
                if let Event::BeginProbe = event {
                    let probe = breaker.begin_probe(now);
                    // One probe at a time, and none that is not due.
                    let due = open_until(&breaker).is_none_or(|until| until <= now);
                    prop_assert!(probe != Probe::Begin || (!probing && due));
                } else {
                    play(&mut breaker, event, now);
                }
                if let Event::Answered = event {
                    prop_assert_eq!(&breaker, &Breaker::new());
                }
                if let Some(until) = open_until(&breaker) {
                    prop_assert!(until <= now + LONGEST_BACK_OFF);
                    let mut later = breaker.clone();
                    later.probe_failed(now, JITTER, CAUSE);
                    let then = now + LONGEST_BACK_OFF;
                    prop_assert_eq!(later.begin_probe(then), Probe::Begin);
                }
            }
        }
    }
}
