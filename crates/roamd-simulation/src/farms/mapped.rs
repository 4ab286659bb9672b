//! Users of a farm, drawn from the seed.

use fastrand::Rng;

/// Users that have a farm, as the seed determines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mapped {
    /// All of them.
    All,
    /// All of them, as a backup of the farms for all.
    AllAsBackup,
    /// The members of the group.
    Group,
    /// None.
    NoUser,
}

impl Mapped {
    /// Draws the users of a farm. The first farm is for all, as primary one.
    pub(crate) fn draw(number: usize, rng: &mut Rng) -> Self {
        match rng.u8(0..8) {
            _ if number == 0 => Self::All,
            0..4 => Self::All,
            4 => Self::AllAsBackup,
            5 | 6 => Self::Group,
            _ => Self::NoUser,
        }
    }
}
