//! Behaviour of controllers, drawn from the seed.

use fastrand::Rng;

/// Share of each reaction, in percent of the requests. The rest gets a normal response.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Behaviour {
    hang: u8,
    refuse: u8,
    drop: u8,
    drop_after: u8,
    nonsense: u8,
    drip: u8,
    /// Closes the connection after the response, at once or while it is idle.
    close: u8,
}

impl Behaviour {
    pub(crate) const GOOD: Self = Self {
        hang: 0,
        refuse: 0,
        drop: 0,
        drop_after: 0,
        nonsense: 0,
        drip: 0,
        close: 0,
    };

    pub(crate) fn draw(rng: &mut Rng) -> Self {
        match rng.u8(0..10) {
            0..3 => Self::GOOD,
            3..5 => Self {
                close: rng.u8(10..=100),
                ..Self::GOOD
            },
            5 => Self {
                hang: 100,
                ..Self::GOOD
            },
            6 => Self {
                drop_after: rng.u8(50..=100),
                ..Self::GOOD
            },
            _ => Self {
                hang: rng.u8(0..15),
                refuse: rng.u8(0..15),
                drop: rng.u8(0..15),
                drop_after: rng.u8(0..15),
                nonsense: rng.u8(0..15),
                drip: rng.u8(0..10),
                close: rng.u8(0..15),
            },
        }
    }

    /// Draws the reaction to one request.
    pub(crate) fn reaction(self, rng: &mut Rng) -> Reaction {
        let mut roll = rng.u8(0..100);
        let reactions = [
            (self.hang, Reaction::Hang),
            (self.refuse, Reaction::Refuse),
            (self.drop, Reaction::Drop),
            (self.drop_after, Reaction::DropAfter),
            (self.nonsense, Reaction::Nonsense),
            (self.drip, Reaction::Drip),
            (self.close, Reaction::RespondAndClose),
        ];
        for (share, reaction) in reactions {
            if roll < share {
                return reaction;
            }
            roll -= share;
        }
        Reaction::Respond
    }
}

/// Reaction of a controller to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    Respond,
    RespondAndClose,
    /// Performs it, and responds in pieces with pauses.
    Drip,
    /// Performs it, and resets the connection.
    DropAfter,
    /// Performs it, and sends another document than a response.
    Nonsense,
    /// Resets the connection without performing it.
    Drop,
    /// Responds with an error without performing it.
    Refuse,
    /// Never responds.
    Hang,
}
