//! What an operator sees of the farms and sets on them, also while they are served: hosts, groups,
//! applications, licences and limits.

use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::Serialize;

use crate::db::{Failure, catalogue, settings};
use crate::error::{Error, Part};
use crate::farms::Farms;
use crate::files::{ContentAddress, FileTypes};
use crate::launch::host::Power;
use crate::limit::Limit;
use crate::world::{ApplicationKind, Switch};

/// A host, with what is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostRecord {
    /// Id of the farm.
    pub farm: String,
    /// Host id.
    pub host_id: String,
    /// Name of the server.
    pub name: String,
    /// Name of the group that it is in.
    pub group: Option<String>,
    /// Whether its machine runs.
    pub power: Power,
    /// Seconds that its machine takes to start.
    pub boot_seconds: u32,
    /// Sessions that are on it.
    pub sessions: u32,
    /// Sessions that it takes.
    pub capacity: u32,
    /// Whether it is in maintenance itself; its group may be too.
    pub maintenance: bool,
    /// Whether its machine refuses connections.
    pub refusing: bool,
}

/// What to change about a host; what is absent stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostChange {
    /// Sessions that it takes.
    pub capacity: Option<NonZeroU32>,
    /// Starts its machine, which takes its time, or switches it off, which ends the sessions on it.
    pub power: Option<Switch>,
    /// Seconds that its machine takes to start.
    pub boot_seconds: Option<u32>,
    /// Whether it is in maintenance.
    pub maintenance: Option<bool>,
    /// Whether its machine refuses connections.
    pub refusing: Option<bool>,
}

/// A group of hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupRecord {
    /// Id of the farm.
    pub farm: String,
    /// Name of the group.
    pub group: String,
    /// Hosts that are in it.
    pub hosts: u32,
    /// Whether it is in maintenance, and all of its hosts with it.
    pub maintenance: bool,
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

/// Licences and limits of a farm, with what is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitRecord {
    /// Id of the farm.
    pub farm: String,
    /// Users who are connected.
    pub connected_users: u32,
    /// Users who may be connected at the same time.
    pub licences: Limit,
    /// Sessions that there are.
    pub sessions: u32,
    /// Sessions that there may be, connected or not.
    pub max_sessions: Limit,
    /// Sessions that each user may have.
    pub max_sessions_per_user: Limit,
}

/// What to change about licences and limits; what is absent stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct LimitChange {
    /// Users who may be connected at the same time.
    pub licences: Option<Limit>,
    /// Sessions that there may be.
    pub max_sessions: Option<Limit>,
    /// Sessions that each user may have.
    pub max_sessions_per_user: Option<Limit>,
}

/// Each question takes the id of a farm, or none for all farms; each change takes effect at once,
/// whoever serves the farm.
impl Farms {
    /// Hosts.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database could not be read.
    pub fn hosts(&self, farm: Option<&str>, now: Timestamp) -> Result<Vec<HostRecord>, Error> {
        self.db
            .read(|connection| settings::hosts(connection, farm, None, now))
    }

    /// Groups of hosts.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database could not be read.
    pub fn groups(&self, farm: Option<&str>) -> Result<Vec<GroupRecord>, Error> {
        self.db
            .read(|connection| settings::groups(connection, farm, None))
    }

    /// Applications and desktops.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database could not be read.
    pub fn applications(&self, farm: Option<&str>) -> Result<Vec<ApplicationRecord>, Error> {
        self.db
            .read(|connection| settings::applications(connection, farm, None))
    }

    /// Licences and limits.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database could not be read.
    pub fn limits(&self, farm: Option<&str>) -> Result<Vec<LimitRecord>, Error> {
        self.db
            .read(|connection| settings::limits(connection, farm))
    }

    /// Changes a host, which is named by its id.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], [`Error::UnknownPart`], or the database could not be written.
    pub fn set_host(
        &self,
        farm: &str,
        host: &str,
        change: HostChange,
        now: Timestamp,
    ) -> Result<HostRecord, Error> {
        self.db.write(|transaction| {
            settings::set_host(transaction, farm, host, change, now)?;
            let hosts = settings::hosts(transaction, Some(farm), Some(host), now)?;
            Ok(only(hosts, farm, Part::Host, host)?)
        })
    }

    /// Takes a group into maintenance or out of it.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], [`Error::UnknownPart`], or the database could not be written.
    pub fn set_group(
        &self,
        farm: &str,
        group: &str,
        maintenance: bool,
    ) -> Result<GroupRecord, Error> {
        self.db.write(|transaction| {
            settings::set_group(transaction, farm, group, maintenance)?;
            let groups = settings::groups(transaction, Some(farm), Some(group))?;
            Ok(only(groups, farm, Part::Group, group)?)
        })
    }

    /// Changes an application, which is named by its internal name.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], [`Error::UnknownPart`], [`Error::WrongKind`], or the database could not
    /// be written.
    pub fn set_application(
        &self,
        farm: &str,
        app: &str,
        change: &ApplicationChange,
    ) -> Result<ApplicationRecord, Error> {
        self.db.write(|transaction| {
            let application = || {
                let found = settings::applications(transaction, Some(farm), Some(app))?;
                Ok::<_, Failure>(only(found, farm, Part::Application, app)?)
            };
            let needed = [
                (change.file_types.is_some(), ApplicationKind::App),
                (change.content.is_some(), ApplicationKind::Document),
            ];
            let found = application()?.kind;
            let unmet = needed.into_iter().find(|(is, kind)| *is && *kind != found);
            if let Some((_, needed)) = unmet {
                let app = app.to_owned();
                return Err(Error::WrongKind { app, found, needed }.into());
            }
            settings::set_application(transaction, farm, app, change)?;
            application()
        })
    }

    /// Changes licences and limits.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database could not be written.
    pub fn set_limits(&self, farm: &str, change: LimitChange) -> Result<LimitRecord, Error> {
        self.db.write(|transaction| {
            settings::set_limits(transaction, farm, change)?;
            let limits = settings::limits(transaction, Some(farm))?.into_iter();
            limits
                .last()
                .ok_or_else(|| catalogue::unknown_farm(transaction, farm))
        })
    }
}

/// The part that was named, as it is now.
fn only<T>(found: Vec<T>, farm: &str, part: Part, name: &str) -> Result<T, Error> {
    found.into_iter().next().ok_or_else(|| Error::UnknownPart {
        farm: farm.to_owned(),
        part,
        name: name.to_owned(),
    })
}
