//! Where a name leads to: a session that is there, or a host for a new one.

use jiff::Timestamp;
use roamd_nfuse_proto::AddressName;
use rusqlite::Connection;

use super::host::{Choice, choose};
use super::sharing::{SharingKey, joined};
use super::{LaunchRefusal, allow_connection, allow_instance, allow_session, waiting_session};
use crate::db::catalogue::{Audience, FarmRow};
use crate::db::hosts::HostRow;
use crate::db::sessions::SessionRow;
use crate::db::{Failure, catalogue, hosts, sessions};
use crate::name::fold;
use crate::rules::Client;
use crate::ticket_tag::Launch;
use crate::world::{Generation, SessionState};

/// What was found for a name.
#[derive(Debug)]
pub(crate) enum Place {
    /// A host, and what is launched there if something is.
    At {
        host: HostRow,
        launch: Option<Launch>,
        is_disconnected_session: bool,
        /// Of the session, or of the one that the launch would start or join.
        sharing_key: Option<SharingKey>,
    },
    /// Only a machine that is off: it has to be switched on.
    Asleep(HostRow),
}

/// Who asks.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) audience: Audience,
    pub(crate) client: Client,
    /// What a launch would share sessions by.
    pub(crate) sharing_key: Option<SharingKey>,
}

/// Finds where a name leads to for this caller, if anywhere.
///
/// # Errors
/// [`LaunchRefusal`] for what is there and may be launched, but not now.
pub(crate) fn place(
    connection: &Connection,
    farm: &FarmRow,
    caller: &Caller,
    name: &AddressName,
    now: Timestamp,
) -> Result<Option<Place>, Failure> {
    match name {
        AddressName::Session(name) => {
            let Audience::User(user) = caller.audience else {
                return Ok(None);
            };
            let (host, number) = (&name.host_id.value, &name.session_id);
            let session = sessions::find(connection, farm, user, host, number)?;
            let place = session.map(|session| session_place(connection, farm, user, &session));
            place.transpose()
        }
        AddressName::Application(name) => application_place(connection, farm, caller, name, now),
        AddressName::Server(name) => {
            let hosts = hosts::of_farm(connection, farm)?;
            let host = hosts
                .into_iter()
                .find(|host| fold(&host.name) == fold(name));
            Ok(host.map(bare))
        }
        AddressName::ServerFarm(name) if fold(name) == fold(&farm.name) => {
            match choose(&hosts::of_farm(connection, farm)?, false, now)? {
                Choice::Start(host) | Choice::SwitchOn(host) => Ok(Some(bare(host.clone()))),
            }
        }
        AddressName::ServerFarm(_) => Ok(None),
        // The oldest clients ask for a farm as `Farm1*`.
        AddressName::Unspecified(name) => {
            let named = match name.strip_suffix('*') {
                Some(farm) => AddressName::ServerFarm(farm.to_owned()),
                None => AddressName::Application(name.clone()),
            };
            place(connection, farm, caller, &named, now)
        }
    }
}

/// A host without a launch.
fn bare(host: HostRow) -> Place {
    Place::At {
        host,
        launch: None,
        is_disconnected_session: false,
        sharing_key: None,
    }
}

/// A launch leads to the user's session that waits for it, else to the host of a session that it may
/// join, else to a host for a new one.
fn application_place(
    connection: &Connection,
    farm: &FarmRow,
    caller: &Caller,
    name: &str,
    now: Timestamp,
) -> Result<Option<Place>, Failure> {
    let application = catalogue::application(connection, farm, caller.audience, name)?;
    let Some(application) = application else {
        return Ok(None);
    };
    if !application.enabled {
        return Err(LaunchRefusal::Disabled.into());
    }
    let sharing_key = caller.sharing_key.clone();
    let sharing_key = sharing_key.filter(|_| !application.is_desktop);
    let hosts = hosts::of_group(connection, farm.id, application.group)?;
    if let Audience::User(user) = caller.audience {
        if let Some(session) = waiting_session(connection, farm, user, &application)? {
            return session_place(connection, farm, user, &session).map(Some);
        }
        if let Some(key) = &sharing_key {
            let sessions = sessions::of_user(connection, farm.id, user)?;
            if let Some((_, host)) = joined(key, &caller.client, &hosts, &sessions) {
                allow_instance(connection, user, &application)?;
                host.takes_connection()?;
                return Ok(Some(start(host, application.name, sharing_key)));
            }
        }
        allow_session(connection, farm.id, user, &application)?;
    }
    // XenApp does not manage the power of its servers. Nobody without a name starts a machine.
    let may_switch_on =
        farm.generation != Generation::XenApp6 && matches!(caller.audience, Audience::User(_));
    Ok(Some(match choose(&hosts, may_switch_on, now)? {
        Choice::Start(host) => {
            host.takes_connection()?;
            start(host, application.name, sharing_key)
        }
        Choice::SwitchOn(host) => Place::Asleep(host.clone()),
    }))
}

fn start(host: &HostRow, application: String, sharing_key: Option<SharingKey>) -> Place {
    Place::At {
        host: host.clone(),
        launch: Some(Launch::Application {
            name: application,
            sharing_key: sharing_key.clone(),
        }),
        is_disconnected_session: false,
        sharing_key,
    }
}

fn session_place(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    session: &SessionRow,
) -> Result<Place, Failure> {
    let host = hosts::with_id(connection, session.host_id)?;
    host.takes_back()?;
    allow_connection(connection, farm.id, user)?;
    Ok(Place::At {
        host,
        launch: Some(Launch::Session(session.number.to_string())),
        is_disconnected_session: session.state == SessionState::Disconnected,
        sharing_key: session.sharing_key.clone(),
    })
}
