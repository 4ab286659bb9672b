//! Target of a launch.

use std::fmt::{self, Display};

use roamd_store_client::{Resource, Session};
use url::Url;

/// A session, application or desktop with its launch URL.
#[derive(Debug)]
pub(in crate::commands) struct LaunchTarget {
    /// Session id or resource id.
    pub(in crate::commands) id: String,
    /// Name of the application or desktop.
    pub(in crate::commands) app: String,
    /// Name of the farm; blank if only the launch URL is known.
    pub(in crate::commands) farm: String,
    pub(in crate::commands) resource_id: String,
    pub(in crate::commands) launch_url: String,
}

/// Fails, and returns the resource, if the store does not offer an ICA file for it.
impl TryFrom<Resource> for LaunchTarget {
    type Error = Resource;

    fn try_from(resource: Resource) -> Result<Self, Resource> {
        let Some(launch_url) = resource.launch_ica.clone() else {
            return Err(resource);
        };
        Ok(Self {
            id: resource.id.clone(),
            app: resource.title,
            farm: resource.publisher_name,
            resource_id: resource.id,
            launch_url,
        })
    }
}

impl From<Session> for LaunchTarget {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            app: session.initial_app,
            farm: session.publisher_name,
            resource_id: session.resource_id,
            launch_url: session.launch_url,
        }
    }
}

/// A session of which only the launch URL is known.
impl From<Url> for LaunchTarget {
    fn from(url: Url) -> Self {
        Self {
            id: String::new(),
            app: "session".into(),
            farm: String::new(),
            resource_id: "session".into(),
            launch_url: url.into(),
        }
    }
}

/// Formats as `Word on Farm3`.
impl Display for LaunchTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.app)?;
        if self.farm.is_empty() {
            return Ok(());
        }
        write!(f, " on {}", self.farm)
    }
}
