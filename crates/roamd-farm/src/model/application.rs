//! A published application, desktop or document.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::content_address::ContentAddress;
use crate::model::farm_limits::InstanceLimits;
use crate::model::file_types::FileTypes;
use crate::model::limit::Limit;

/// What can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationKind {
    /// One program.
    #[default]
    App,
    /// A desktop.
    Desktop,
    /// A file or page that the client opens by itself: nothing of it runs.
    Document,
}

impl fmt::Display for ApplicationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "app",
            Self::Desktop => "desktop",
            Self::Document => "document",
        })
    }
}

/// An application, desktop or document as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct ApplicationRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) is_desktop: bool,
    pub(crate) folder: String,
    pub(crate) description: String,
    pub(crate) restricted: bool,
    pub(crate) seq_no: i32,
    /// The group of hosts that it runs on.
    pub(crate) group: Option<i64>,
    pub(crate) enabled: bool,
    pub(crate) limits: InstanceLimits,
    pub(crate) file_types: FileTypes,
    /// Where a document is. Nothing else has an address.
    pub(crate) content: Option<ContentAddress>,
}

/// For whom a catalogue is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Audience {
    /// What this user may see.
    User(i64),
    /// Everything.
    All,
}

impl Audience {
    pub(crate) fn user(self) -> Option<i64> {
        match self {
            Self::User(id) => Some(id),
            Self::All => None,
        }
    }
}

/// An application, desktop or document, with what runs of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApplicationRecord {
    /// Id of the farm.
    pub farm: String,
    /// Internal name.
    pub app: String,
    /// Application, desktop or document.
    pub kind: ApplicationKind,
    /// Name of the group of hosts that it runs on.
    pub group: Option<String>,
    /// Whether it can be launched.
    pub enabled: bool,
    /// How often it runs.
    pub instances: u32,
    /// How often it may run.
    pub max_instances: Limit,
    /// How often it may run for each user.
    pub max_instances_per_user: Limit,
    /// Which files an application opens.
    pub file_types: FileTypes,
    /// Where a document is.
    pub content: Option<ContentAddress>,
}

/// What to change about an application; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ApplicationChange {
    /// Whether it can be launched.
    pub enabled: Option<bool>,
    /// How often it may run.
    pub max_instances: Option<Limit>,
    /// How often it may run for each user.
    pub max_instances_per_user: Option<Limit>,
    /// Which files it opens; only an application does.
    pub file_types: Option<FileTypes>,
    /// Where it is; only a document has an address.
    pub content: Option<ContentAddress>,
}
