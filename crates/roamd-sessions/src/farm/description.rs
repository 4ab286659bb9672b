//! Configured description of a farm.

use std::time::Duration;

use crate::FarmId;
use crate::generation::Generation;
use crate::resource_enumeration::NAME_BYTES;

/// Configured properties of a farm that the rules of the service depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmDescription {
    /// Prefix of the farm's resource ids.
    pub id: FarmId,
    /// Name that users see: `publishername` (SS-39).
    pub publisher_name: String,
    /// Generation of the farm's product.
    pub generation: Generation,
    /// The farm is queried for application sessions although a list skips its generation (SS-33).
    pub legacy_workspace_control: bool,
    /// Clients reach the hosts of the farm directly, wherever they are.
    pub never_through_gateway: bool,
    /// Aggregation group. An application that several farms of a group publish is listed once.
    pub aggregation_group: Option<String>,
    /// Lifetime that logon tickets are requested with.
    pub ticket_time_to_live: Duration,
}

impl FarmDescription {
    /// Creates the description of a farm outside of any aggregation group, with StoreFront's
    /// lifetime of logon tickets, 200 seconds.
    #[must_use]
    pub fn new(id: FarmId, publisher_name: impl Into<String>, generation: Generation) -> Self {
        Self {
            id,
            publisher_name: publisher_name.into(),
            generation,
            legacy_workspace_control: false,
            never_through_gateway: false,
            aggregation_group: None,
            ticket_time_to_live: Duration::from_secs(200),
        }
    }

    /// Returns the first name that is not blank and not too long, else the publisher name. A
    /// display name is never empty (SS-40).
    pub(crate) fn display_name<'a>(&'a self, names: impl IntoIterator<Item = &'a str>) -> &'a str {
        let is_usable = |name: &&str| !name.trim().is_empty() && name.len() <= NAME_BYTES;
        let found = names.into_iter().find(is_usable);
        found.unwrap_or(&self.publisher_name)
    }
}
