//! The product generation of a farm.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Product generation of a farm. It decides how the farm behaves (nfuse.md §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Generation {
    /// XenApp 6.x.
    #[serde(rename = "xenapp-6")]
    XenApp6,
    /// XenDesktop 5.x.
    #[serde(rename = "xendesktop-5")]
    XenDesktop5,
    /// XenApp and XenDesktop 7 and later, and Virtual Apps and Desktops.
    #[serde(rename = "cvad-7")]
    Cvad7,
}

impl Generation {
    /// Returns the name in configurations: `xenapp-6`, `xendesktop-5`, `cvad-7`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::XenApp6 => "xenapp-6",
            Self::XenDesktop5 => "xendesktop-5",
            Self::Cvad7 => "cvad-7",
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
