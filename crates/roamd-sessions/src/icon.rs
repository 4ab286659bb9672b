//! Pictures of resources.

use std::sync::Arc;

/// An edge of a picture, in pixels: one of those that farms have (nfuse.md §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IconSize(u16);

/// The picture of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Icon {
    /// The farm's, in PNG.
    OfFarm(Arc<[u8]>),
    /// The farm has none.
    None {
        /// The resource is a desktop.
        desktop: bool,
    },
}

impl IconSize {
    /// All of them.
    pub const ALL: [Self; 5] = [Self(16), Self(32), Self(48), Self(128), Self(256)];
    /// The size of a picture that was asked for without one.
    pub const DEFAULT: Self = Self(128);

    /// The size to take for a wished edge: the same or the next larger one.
    #[must_use]
    pub fn fitting(pixels: u16) -> Self {
        Self::ALL
            .into_iter()
            .find(|size| size.0 >= pixels)
            .unwrap_or(Self(256))
    }

    /// The edge in pixels.
    #[must_use]
    pub const fn pixels(self) -> u16 {
        self.0
    }
}
