//! Icons of resources.

use std::sync::Arc;

/// Edge of an icon in pixels: one of the sizes that farms have (nfuse.md §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IconSize(u16);

/// Icon of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Icon {
    /// The farm's icon, as PNG.
    OfFarm(Arc<[u8]>),
    /// The farm has no icon for the resource.
    None {
        /// The resource is a desktop.
        desktop: bool,
    },
}

impl IconSize {
    /// All sizes, ascending.
    pub const ALL: [Self; 5] = [Self(16), Self(32), Self(48), Self(128), Self(256)];
    /// Size of an icon that is requested without one.
    pub const DEFAULT: Self = Self(128);

    /// Returns the smallest size with at least this edge, or the largest size.
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
