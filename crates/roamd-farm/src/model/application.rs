//! A published application, desktop or document.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::content_address::ContentAddress;
use crate::model::farm_limits::InstanceLimits;
use crate::model::file_types::FileTypes;
use crate::model::limit::Limit;

/// Kind of a published application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationKind {
    /// A single program.
    #[default]
    App,
    /// A desktop.
    Desktop,
    /// A file or web page that the client opens itself. It runs on no host.
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

/// A published application, desktop or document, as stored.
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
    /// Row id of the host group that the application runs on. `None` means the hosts without a
    /// group.
    pub(crate) group: Option<i64>,
    pub(crate) enabled: bool,
    pub(crate) limits: InstanceLimits,
    pub(crate) file_types: FileTypes,
    /// Address of a document. `None` for applications and desktops.
    pub(crate) content: Option<ContentAddress>,
}

/// The audience of a query for published applications.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Audience {
    /// The applications that the user with this row id may see.
    User(i64),
    /// All applications.
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

/// A published application, desktop or document with its number of instances, as `roamd farm app
/// list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApplicationRecord {
    /// Id of the farm.
    pub farm: String,
    /// Internal name.
    pub app: String,
    /// Application, desktop or document.
    pub kind: ApplicationKind,
    /// Name of the host group that it runs on.
    pub group: Option<String>,
    /// Whether it can be launched.
    pub enabled: bool,
    /// Number of running instances.
    pub instances: u32,
    /// Maximum number of instances.
    pub max_instances: Limit,
    /// Maximum number of instances for each user.
    pub max_instances_per_user: Limit,
    /// Extensions of the files that an application opens.
    pub file_types: FileTypes,
    /// Address of a document.
    pub content: Option<ContentAddress>,
}

/// Changes of a published application. A field that is `None` leaves its value unchanged.
#[derive(Debug, Clone, Default)]
pub struct ApplicationChange {
    /// Whether it can be launched.
    pub enabled: Option<bool>,
    /// Maximum number of instances.
    pub max_instances: Option<Limit>,
    /// Maximum number of instances for each user.
    pub max_instances_per_user: Option<Limit>,
    /// Extensions of the files that it opens. Only for kind `app`.
    pub file_types: Option<FileTypes>,
    /// Address of the document. Only for kind `document`.
    pub content: Option<ContentAddress>,
}
