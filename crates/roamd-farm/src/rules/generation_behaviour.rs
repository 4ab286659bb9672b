//! Differences between the product generations of a farm (nfuse.md §3.3, §4.2, §10).

use roamd_nfuse_proto::{Dialect, SessionType};

use crate::model::generation::Generation;

/// Returns the dialect of the farm's responses.
pub(crate) fn dialect(generation: Generation) -> Dialect {
    match generation {
        Generation::XenApp6 | Generation::XenDesktop5 => Dialect::new(5, 4),
        Generation::Cvad7 => Dialect::new(5, 9),
    }
}

/// Whether the farm serves requests of this dialect: 1.0 to 5.9.
pub(crate) fn serves(dialect: Dialect) -> bool {
    (Dialect::new(1, 0)..=Dialect::new(5, 9)).contains(&dialect)
}

/// Returns `HostId/@type`. The value of real farms of generation 7 is unknown; `fma-host-id` is
/// roamd's own.
pub(crate) fn host_id_kind(generation: Generation) -> &'static str {
    match generation {
        Generation::XenApp6 | Generation::XenDesktop5 => "ima-host-id",
        Generation::Cvad7 => "fma-host-id",
    }
}

/// Whether listing sessions of these types disconnects the active ones.
pub(crate) fn listing_disconnects(generation: Generation, types: &[SessionType]) -> bool {
    generation != Generation::Cvad7 && types.contains(&SessionType::Active)
}

/// Whether a launch of a desktop takes over the user's active session on another client. XenDesktop
/// and later keep one session of a desktop for each user.
pub(crate) fn desktops_follow_user(generation: Generation) -> bool {
    generation != Generation::XenApp6
}

/// Whether a launch switches a machine on. XenApp does not manage the power of its servers.
pub(crate) fn manages_power(generation: Generation) -> bool {
    generation != Generation::XenApp6
}

/// Whether the response to an address request contains the ticket, the sharing key and the launch
/// reference: everything that a launch needs (nfuse.md §5).
pub(crate) fn address_contains_ticket(generation: Generation) -> bool {
    generation == Generation::Cvad7
}

/// Returns `Scope/@traverse` of an enumeration, which farms send before generation 7 (nfuse.md
/// §6.2).
pub(crate) fn scope_traverse(generation: Generation) -> Option<&'static str> {
    match generation {
        Generation::XenApp6 | Generation::XenDesktop5 => Some("onelevel"),
        Generation::Cvad7 => None,
    }
}

/// Returns `Permissions` of an application whose permissions are requested. Farms of generation 7
/// send it empty; no other value and no other farm was seen (nfuse.md §6.2).
pub(crate) fn permissions(generation: Generation) -> Option<&'static str> {
    match generation {
        Generation::Cvad7 => Some(""),
        Generation::XenApp6 | Generation::XenDesktop5 => None,
    }
}

/// Returns `LeasingStatus` of an enumeration, which farms send from generation 7 on.
pub(crate) fn leasing_status(generation: Generation) -> Option<&'static str> {
    match generation {
        Generation::Cvad7 => Some("working"),
        Generation::XenApp6 | Generation::XenDesktop5 => None,
    }
}
