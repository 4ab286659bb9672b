//! What becomes of the calls at a member of etcd, drawn from the seed.

use std::time::Duration;

use fastrand::Rng;

/// Share of each fate, in percent of the calls. The rest is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behaviour {
    refused: u8,
    done_and_refused: u8,
    hangs: u8,
    late: u8,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// It is done, and refused.
    DoneAndRefused,
    /// It is not done, and refused.
    Refused,
    /// It is not done, and has no response.
    Hangs,
    /// It is done after this time.
    Late(Duration),
}

impl Behaviour {
    pub(super) const GOOD: Self = Self {
        refused: 0,
        done_and_refused: 0,
        hangs: 0,
        late: 0,
    };

    /// All calls are done late.
    #[cfg(test)]
    pub(super) const LATE: Self = Self {
        late: 100,
        ..Self::GOOD
    };

    pub(super) fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..6) {
            0 => Self {
                done_and_refused: 100,
                ..Self::GOOD
            },
            1 => Self {
                late: rng.u8(10..=100),
                ..Self::GOOD
            },
            2 => Self {
                hangs: rng.u8(10..=50),
                ..Self::GOOD
            },
            _ => Self {
                refused: rng.u8(0..25),
                done_and_refused: rng.u8(0..25),
                hangs: rng.u8(0..10),
                late: rng.u8(0..25),
            },
        }
    }

    /// Draws the fate of a call.
    pub(super) fn fate(self, late: Duration, rng: &mut Rng) -> Fate {
        let mut roll = rng.u8(0..100);
        let fates = [
            (self.refused, Fate::Refused),
            (self.done_and_refused, Fate::DoneAndRefused),
            (self.hangs, Fate::Hangs),
            (self.late, Fate::Late(late)),
        ];
        for (share, fate) in fates {
            if roll < share {
                return fate;
            }
            roll -= share;
        }
        Fate::Done
    }
}
