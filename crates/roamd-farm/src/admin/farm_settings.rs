//! Hosts, groups, applications, licences and limits: lists and changes, also while farms are
//! served.

use jiff::Timestamp;

use crate::error::Error;
use crate::farms::Farms;
use crate::model::application::{ApplicationChange, ApplicationKind, ApplicationRecord};
use crate::model::farm::FarmPart;
use crate::model::farm_limits::{FarmLimitsChange, FarmLimitsRecord};
use crate::model::host::{HostChange, HostGroupRecord, HostRecord};
use crate::store::store_error::StoreError;
use crate::store::{farm_settings, farms};

/// Lists take the id of a farm, or `None` for all farms. Changes take effect at once in all
/// processes that serve the farm.
impl Farms {
    /// Lists hosts.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database cannot be read.
    pub fn hosts(&self, farm: Option<&str>, now: Timestamp) -> Result<Vec<HostRecord>, Error> {
        self.database
            .read(|connection| farm_settings::hosts(connection, farm, None, now))
    }

    /// Lists host groups.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database cannot be read.
    pub fn groups(&self, farm: Option<&str>) -> Result<Vec<HostGroupRecord>, Error> {
        self.database
            .read(|connection| farm_settings::groups(connection, farm, None))
    }

    /// Lists published applications, desktops and documents.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database cannot be read.
    pub fn applications(&self, farm: Option<&str>) -> Result<Vec<ApplicationRecord>, Error> {
        self.database
            .read(|connection| farm_settings::applications(connection, farm, None))
    }

    /// Lists licences and limits with their usage.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database cannot be read.
    pub fn limits(&self, farm: Option<&str>) -> Result<Vec<FarmLimitsRecord>, Error> {
        self.database
            .read(|connection| farm_settings::limits(connection, farm))
    }

    /// Changes the host with this host id.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], [`Error::UnknownPart`], or the database cannot be written.
    pub fn set_host(
        &self,
        farm: &str,
        host: &str,
        change: HostChange,
        now: Timestamp,
    ) -> Result<HostRecord, Error> {
        self.database.write(|transaction| {
            farm_settings::set_host(transaction, farm, host, change, now)?;
            let hosts = farm_settings::hosts(transaction, Some(farm), Some(host), now)?;
            only(hosts, farm, FarmPart::Host, host, || {
                let all = farm_settings::hosts(transaction, Some(farm), None, now)?;
                Ok(all.into_iter().map(|it| it.host_id).collect())
            })
        })
    }

    /// Sets the maintenance mode of a host group.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], [`Error::UnknownPart`], or the database cannot be written.
    pub fn set_group(
        &self,
        farm: &str,
        group: &str,
        maintenance: bool,
    ) -> Result<HostGroupRecord, Error> {
        self.database.write(|transaction| {
            farm_settings::set_group(transaction, farm, group, maintenance)?;
            let groups = farm_settings::groups(transaction, Some(farm), Some(group))?;
            only(groups, farm, FarmPart::Group, group, || {
                let all = farm_settings::groups(transaction, Some(farm), None)?;
                Ok(all.into_iter().map(|it| it.group).collect())
            })
        })
    }

    /// Changes the application with this internal name.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], [`Error::UnknownPart`], [`Error::WrongKind`], or the database cannot
    /// be written.
    pub fn set_application(
        &self,
        farm: &str,
        app: &str,
        change: &ApplicationChange,
    ) -> Result<ApplicationRecord, Error> {
        self.database.write(|transaction| {
            let application = || {
                let found = farm_settings::applications(transaction, Some(farm), Some(app))?;
                only(found, farm, FarmPart::Application, app, || {
                    let all = farm_settings::applications(transaction, Some(farm), None)?;
                    Ok(all.into_iter().map(|it| it.app).collect())
                })
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
            farm_settings::set_application(transaction, farm, app, change)?;
            application()
        })
    }

    /// Changes licences and limits.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database cannot be written.
    pub fn set_limits(
        &self,
        farm: &str,
        change: FarmLimitsChange,
    ) -> Result<FarmLimitsRecord, Error> {
        self.database.write(|transaction| {
            farm_settings::set_limits(transaction, farm, change)?;
            let limits = farm_settings::limits(transaction, Some(farm))?.into_iter();
            limits
                .last()
                .ok_or_else(|| farms::unknown_farm(transaction, farm))
        })
    }
}

/// Returns the first object, or [`Error::UnknownPart`] with the names of all.
fn only<T>(
    found: Vec<T>,
    farm: &str,
    part: FarmPart,
    name: &str,
    known: impl FnOnce() -> Result<Vec<String>, StoreError>,
) -> Result<T, StoreError> {
    match found.into_iter().next() {
        Some(found) => Ok(found),
        None => Err(StoreError::Refused(Error::UnknownPart {
            farm: farm.to_owned(),
            part,
            name: name.to_owned(),
            known: known()?,
        })),
    }
}
