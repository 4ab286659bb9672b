//! `RequestAppData`: the applications of a farm (nfuse.md §6.1, §6.2).

use crate::{Credentials, Domain};

/// Asks for applications.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppDataRequest {
    /// `Scope/@traverse`: `onelevel` or `subtree`.
    pub traverse: Option<String>,
    /// `Scope`: a folder, empty for the top.
    pub folder: String,
    /// `DesiredDetails`: `defaults`, `access-list`, `permissions`, …
    pub desired_details: Vec<String>,
    /// `DesiredIconData`.
    pub desired_icons: Vec<DesiredIcon>,
    /// Internal names to limit the answer to; empty for all.
    pub app_names: Vec<String>,
    /// Filter; at least one.
    pub server_types: Vec<String>,
    /// Filter; at least one.
    pub client_types: Vec<String>,
    /// The user; absent for all users.
    pub credentials: Option<Credentials>,
    /// Name of the calling client.
    pub client_name: Option<String>,
    /// Address of the client.
    pub client_address: Option<String>,
}

/// One wished form of icons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredIcon {
    /// Edge in pixels.
    pub size: String,
    /// Bits for each pixel.
    pub bpp: String,
    /// `raw` or `png`.
    pub format: String,
}

/// Applications of the farm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppDataAnswer {
    /// `LeasingStatus` (5.9).
    pub leasing_status: Option<String>,
    /// One for each application.
    pub applications: Vec<Application>,
}

/// A published application or desktop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// `InName`.
    pub in_name: String,
    /// `FName`: name for people.
    pub friendly_name: String,
    /// `Details/Settings`; absent when no detail was asked for.
    pub settings: Option<Settings>,
    /// `Details/AccessList`; absent when it was not asked for.
    pub access_list: Option<Vec<AccessEntry>>,
    /// `SeqNo`: changes when the application changes; may be negative.
    pub seq_no: Option<i64>,
    /// `ServerType`; may be missing.
    pub server_type: Option<String>,
    /// `ClientType`.
    pub client_type: Option<String>,
}

/// `Settings` of an application, as far as roamd uses them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `appisdisabled`.
    pub disabled: bool,
    /// `appisdesktop`.
    pub desktop: bool,
    /// `Folder`.
    pub folder: String,
    /// `Description`.
    pub description: String,
    /// `PublisherName`.
    pub publisher_name: String,
}

/// Who may see an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessEntry {
    /// `User`.
    User {
        /// `UserName`.
        name: String,
        /// `Domain`.
        domain: Domain,
    },
    /// `Group`.
    Group {
        /// `GroupName`.
        name: String,
        /// `Domain`.
        domain: Domain,
    },
    /// `AnonymousUser`.
    Anonymous,
}
