//! Placement of a launch: the session that it returns to, or the host for a new one.

use jiff::Timestamp;
use roamd_nfuse_proto::AddressName;
use rusqlite::Connection;

use crate::launch::admission::{
    allow_connection, allow_instance, allow_session, session_to_resume,
};
use crate::model::application::Audience;
use crate::model::case_folding::fold_case;
use crate::model::client_identity::ClientIdentity;
use crate::model::farm::FarmRow;
use crate::model::host::HostRow;
use crate::model::launch_refusal::LaunchRefusal;
use crate::model::session::{SessionRow, SessionState, SharingKey};
use crate::model::ticket_tag::LaunchTarget;
use crate::rules::generation_behaviour::manages_power;
use crate::rules::host_choice::{HostChoice, choose_host};
use crate::rules::session_sharing::find_shared_session;
use crate::store::store_error::StoreError;
use crate::store::{hosts, published_applications, sessions};

/// Destination of a launch.
#[derive(Debug)]
pub(crate) enum SessionPlacement {
    /// A host, with the target of the launch. Without a target for requests that name only a server
    /// or farm.
    Ready {
        host: HostRow,
        launch: Option<LaunchTarget>,
        is_disconnected_session: bool,
        /// Sharing key of the existing session, or of the session that the launch starts or joins.
        sharing_key: Option<SharingKey>,
    },
    /// A machine that must be switched on first.
    PoweredOff(HostRow),
}

/// The user and client of an address request.
#[derive(Debug)]
pub(crate) struct LaunchCaller {
    pub(crate) audience: Audience,
    pub(crate) client: ClientIdentity,
    /// Sharing key of the launch.
    pub(crate) sharing_key: Option<SharingKey>,
}

/// Finds the placement for a name in an address request. Returns `None` if the name is unknown to
/// this user.
///
/// # Errors
/// [`LaunchRefusal`] if the name is known, but the launch is not possible now.
pub(crate) fn place_launch(
    connection: &Connection,
    farm: &FarmRow,
    caller: &LaunchCaller,
    name: &AddressName,
    now: Timestamp,
) -> Result<Option<SessionPlacement>, StoreError> {
    match name {
        AddressName::Session(name) => {
            let Audience::User(user) = caller.audience else {
                return Ok(None);
            };
            let (host, number) = (&name.host_id.value, &name.session_id);
            let session = sessions::find(connection, farm, user, host, number)?;
            let placement =
                session.map(|session| session_placement(connection, farm, user, &session));
            placement.transpose()
        }
        AddressName::Application(name) => {
            application_placement(connection, farm, caller, name, now)
        }
        AddressName::Server(name) => {
            let hosts = hosts::of_farm(connection, farm)?;
            let host = hosts
                .into_iter()
                .find(|host| fold_case(&host.name) == fold_case(name));
            Ok(host.map(host_placement))
        }
        AddressName::ServerFarm(name) if fold_case(name) == fold_case(&farm.name) => {
            match choose_host(&hosts::of_farm(connection, farm)?, false, now)? {
                HostChoice::Start(host) | HostChoice::SwitchOn(host) => {
                    Ok(Some(host_placement(host.clone())))
                }
            }
        }
        AddressName::ServerFarm(_) => Ok(None),
        // The oldest clients write a farm name as `Farm1*`.
        AddressName::Unspecified(name) => {
            let named = match name.strip_suffix('*') {
                Some(farm) => AddressName::ServerFarm(farm.to_owned()),
                None => AddressName::Application(name.clone()),
            };
            place_launch(connection, farm, caller, &named, now)
        }
    }
}

/// Returns the placement on a host without a launch target.
fn host_placement(host: HostRow) -> SessionPlacement {
    SessionPlacement::Ready {
        host,
        launch: None,
        is_disconnected_session: false,
        sharing_key: None,
    }
}

/// Places the launch of an application: in the user's session to return to, else on the host of a
/// session to join, else on a host for a new session.
fn application_placement(
    connection: &Connection,
    farm: &FarmRow,
    caller: &LaunchCaller,
    name: &str,
    now: Timestamp,
) -> Result<Option<SessionPlacement>, StoreError> {
    let application = published_applications::find(connection, farm, caller.audience, name)?;
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
        if let Some(session) = session_to_resume(connection, farm, user, &application)? {
            return session_placement(connection, farm, user, &session).map(Some);
        }
        if let Some(key) = &sharing_key {
            let sessions = sessions::of_user(connection, farm.id, user)?;
            if let Some((_, host)) = find_shared_session(key, &caller.client, &hosts, &sessions) {
                allow_instance(connection, user, &application)?;
                host.check_connection()?;
                return Ok(Some(new_session_placement(
                    host,
                    application.name,
                    sharing_key,
                )));
            }
        }
        allow_session(connection, farm.id, user, &application)?;
    }
    // Requests without a user do not switch machines on.
    let may_switch_on =
        manages_power(farm.generation) && matches!(caller.audience, Audience::User(_));
    Ok(Some(match choose_host(&hosts, may_switch_on, now)? {
        HostChoice::Start(host) => {
            host.check_connection()?;
            new_session_placement(host, application.name, sharing_key)
        }
        HostChoice::SwitchOn(host) => SessionPlacement::PoweredOff(host.clone()),
    }))
}

fn new_session_placement(
    host: &HostRow,
    application: String,
    sharing_key: Option<SharingKey>,
) -> SessionPlacement {
    SessionPlacement::Ready {
        host: host.clone(),
        launch: Some(LaunchTarget::Application {
            name: application,
            sharing_key: sharing_key.clone(),
        }),
        is_disconnected_session: false,
        sharing_key,
    }
}

fn session_placement(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    session: &SessionRow,
) -> Result<SessionPlacement, StoreError> {
    let host = hosts::with_id(connection, session.host_id)?;
    host.check_reconnect()?;
    allow_connection(connection, farm.id, user)?;
    Ok(SessionPlacement::Ready {
        host,
        launch: Some(LaunchTarget::Session(session.number.to_string())),
        is_disconnected_session: session.state == SessionState::Disconnected,
        sharing_key: session.sharing_key.clone(),
    })
}
