//! Generations of farm products, and every fact that depends on them.
//!
//! INVARIANT: no other file reads the generation of a farm; others call a method that states a
//! fact.
//!
//! The content of responses is not a fact of this table. The farm adapter reads there
//! whether a ticket, a launch reference or a session sharing key came with the address
//! (nfuse.md §5.4 to §5.6), and requests what is missing.

/// Generation of a farm's product (nfuse.md §10). The protocol does not carry it: it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// XenApp up to 6.5: hosts applications, and desktops beside them.
    XenApp6,
    /// XenDesktop before 7: hosts desktops.
    XenDesktop5,
    /// XenApp and XenDesktop 7 and later, Virtual Apps and Desktops.
    Cvad7,
}

impl Generation {
    /// All generations, the oldest first.
    pub const ALL: [Self; 3] = [Self::XenApp6, Self::XenDesktop5, Self::Cvad7];

    /// Its name, which the configuration uses as well.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XenApp6 => "xenapp-6",
            Self::XenDesktop5 => "xendesktop-5",
            Self::Cvad7 => "cvad-7",
        }
    }

    /// Whether a list of active sessions disconnects them from their clients (SS-29).
    #[must_use]
    pub const fn listing_active_disconnects(self) -> bool {
        match self {
            Self::XenApp6 | Self::XenDesktop5 => true,
            Self::Cvad7 => false,
        }
    }

    /// Whether everything that the farm publishes is a desktop (nfuse.md §10).
    #[must_use]
    pub const fn hosts_only_desktops(self) -> bool {
        match self {
            Self::XenDesktop5 => true,
            Self::XenApp6 | Self::Cvad7 => false,
        }
    }

    /// Whether the farm makes the session sharing key of a launched application from the session
    /// settings in the address request (nfuse.md §5.4). Other farms ignore session settings, and
    /// the key is made here.
    #[must_use]
    pub const fn makes_sharing_key(self) -> bool {
        match self {
            Self::Cvad7 => true,
            Self::XenApp6 | Self::XenDesktop5 => false,
        }
    }

    /// Major and minor version of the farm protocol that requests announce (nfuse.md §10).
    #[must_use]
    pub const fn protocol_version(self) -> (u16, u16) {
        match self {
            Self::XenApp6 | Self::XenDesktop5 => (5, 4),
            Self::Cvad7 => (5, 5),
        }
    }
}
