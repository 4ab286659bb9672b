//! Farm with scripted results, which records its calls.

use std::future::pending;
use std::sync::{Arc, Mutex};

use roamd_seal::{Key, KeyId, KeyRing};
use roamd_sessions::{
    Application, Busy, ConnectRequest, Connection, DeadlineShare, EndAction, EndPoint, Farm,
    FarmDescription, FarmError, FarmId, FarmSession, FarmSessions, Generation, HostPort, IconSize,
    Kind, Launch, LaunchOutcome, LaunchTarget, ListRequest, ListScope, Logon, NoTicket, Operation,
    ResourceEnumeration, ResourceList, Roaming, Scope, SessionKey, SessionList, StaTicket, Store,
    User, UserFarms,
};
use secrecy::SecretString;

pub(crate) fn keys() -> Arc<KeyRing> {
    Arc::new(KeyRing::new(
        Key::new(KeyId(1), 0, [7; Key::LEN].into()),
        Vec::new(),
    ))
}

pub(crate) fn user(name: &str) -> User {
    User::new("DEMO", name, SecretString::from("roam-demo"))
}

pub(crate) fn here() -> EndPoint {
    EndPoint {
        client_name: Some("DESK-B".to_owned()),
        device_id: None,
    }
}

pub(crate) fn description(id: &str, generation: Generation) -> FarmDescription {
    FarmDescription::new(FarmId::new(id), format!("{id} farm"), generation)
}

pub(crate) fn session(number: u32, in_name: &str) -> FarmSession {
    FarmSession {
        key: SessionKey {
            host_kind: Some("ima-host-id".to_owned()),
            host_id: "40211".to_owned(),
            session_id: number.to_string(),
            in_name: in_name.to_owned(),
        },
        friendly_name: None,
        server_type: "win32".to_owned(),
    }
}

pub(crate) fn enumeration(entries: &[(&str, &str, bool)]) -> ResourceEnumeration {
    entries
        .iter()
        .map(|(in_name, title, desktop)| {
            let application = Application {
                title: (*title).to_owned(),
                kind: if *desktop {
                    Kind::Desktop
                } else {
                    Kind::Application
                },
                ..Application::default()
            };
            ((*in_name).to_owned(), application)
        })
        .collect()
}

pub(crate) fn connection() -> Connection {
    Connection {
        address: "192.0.2.40:1494".to_owned(),
        cgp_port: Some(2598),
        launch_reference: None,
        session_sharing_key: None,
        logon: Logon::Ticket(SecretString::from("0F1E2D3C4B5A69788796A5B4C3D2E1")),
    }
}

/// Plans and makes a list of sessions for this user.
pub(crate) async fn list(
    store: &Store<ScriptedFarm>,
    user: &User,
    request: ListRequest,
) -> Result<SessionList, Busy> {
    let plan = store.plan_list(request, Roaming::Always, UserFarms::default());
    let queried = store.query_sessions(&plan, user, &here()).await;
    store.merge_sessions(user.key(), queried)
}

/// Lists the resources of this user.
pub(crate) async fn resources(
    store: &Store<ScriptedFarm>,
    user: &User,
    scope: Scope,
) -> Result<ResourceList, Busy> {
    store.merge_resources(
        store
            .query_resources(&UserFarms::default(), user, scope)
            .await,
    )
}

/// Plans and runs a launch of this user.
pub(crate) async fn launch(
    store: &Store<ScriptedFarm>,
    user: &User,
    target: &LaunchTarget,
    launch: &Launch,
) -> Result<LaunchOutcome, Busy> {
    launch_under(store, user, target, launch, Roaming::Always).await
}

/// Plans and runs a launch of this user under a roaming policy.
pub(crate) async fn launch_under(
    store: &Store<ScriptedFarm>,
    user: &User,
    target: &LaunchTarget,
    launch: &Launch,
    roaming: Roaming,
) -> Result<LaunchOutcome, Busy> {
    let plan = store.plan_launch(user, target, roaming, &UserFarms::default());
    store.launch(&plan, launch).await
}

pub(crate) fn down() -> FarmError {
    FarmError::Unavailable("connection refused".to_owned())
}

/// Call of a [`ScriptedFarm`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Applications(DeadlineShare),
    PreLaunchApplications,
    ForgetApplications,
    Icon(String, IconSize),
    Sessions { active: bool },
    End { action: EndAction, tickets: usize },
    Connect(Box<ConnectRequest>),
    StaTicket { host: String, reliable: bool },
}

/// A farm with scripted results. A clone is the same farm.
#[derive(Clone)]
pub(crate) struct ScriptedFarm {
    pub(crate) description: FarmDescription,
    pub(crate) begin: Result<(), FarmError>,
    pub(crate) applications: Result<ResourceEnumeration, FarmError>,
    /// The applications after `applications` was forgotten; the same ones if `None`.
    pub(crate) current_applications: Option<Result<ResourceEnumeration, FarmError>>,
    pub(crate) pre_launch: Result<ResourceEnumeration, FarmError>,
    pub(crate) icon: Result<Option<Arc<[u8]>>, FarmError>,
    pub(crate) sessions: Result<Vec<FarmSession>, FarmError>,
    pub(crate) end: Result<(), FarmError>,
    pub(crate) connect: Result<Connection, FarmError>,
    pub(crate) sta_ticket: Result<StaTicket, NoTicket>,
    /// The farm never responds.
    pub(crate) silent: bool,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl ScriptedFarm {
    pub(crate) fn new(id: &str, generation: Generation) -> Self {
        Self {
            description: description(id, generation),
            begin: Ok(()),
            applications: Ok(ResourceEnumeration::default()),
            current_applications: None,
            pre_launch: Ok(ResourceEnumeration::default()),
            icon: Ok(None),
            sessions: Ok(Vec::new()),
            end: Ok(()),
            connect: Ok(connection()),
            sta_ticket: Ok(StaTicket {
                version: "40".to_owned(),
                authority: "STA0123456789AB".to_owned(),
                ticket: SecretString::from("00112233445566778899AABBCCDDEEFF"),
            }),
            silent: false,
            calls: Arc::default(),
        }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    async fn record(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
        if self.silent {
            pending::<()>().await;
        }
    }
}

impl Farm for ScriptedFarm {
    type Operation = Self;

    fn description(&self) -> &FarmDescription {
        &self.description
    }

    async fn begin(&self, _: &User) -> Result<Self, FarmError> {
        self.begin.clone().map(|()| self.clone())
    }
}

impl Operation for ScriptedFarm {
    async fn applications(
        &self,
        share: DeadlineShare,
    ) -> Result<Arc<ResourceEnumeration>, FarmError> {
        let is_forgotten = self.calls().contains(&Call::ForgetApplications);
        self.record(Call::Applications(share)).await;
        let current = self.current_applications.as_ref();
        let known = current.filter(|_| is_forgotten);
        known.unwrap_or(&self.applications).clone().map(Arc::new)
    }

    async fn pre_launch_applications(&self) -> Result<Arc<ResourceEnumeration>, FarmError> {
        self.record(Call::PreLaunchApplications).await;
        self.pre_launch.clone().map(Arc::new)
    }

    async fn forget_applications(&self) {
        self.record(Call::ForgetApplications).await;
    }

    async fn icon(
        &self,
        in_name: &str,
        _: Option<i64>,
        size: IconSize,
    ) -> Result<Option<Arc<[u8]>>, FarmError> {
        self.record(Call::Icon(in_name.to_owned(), size)).await;
        self.icon.clone()
    }

    async fn sessions(&self, _: &EndPoint, scope: ListScope) -> Result<FarmSessions, FarmError> {
        let active = matches!(scope, ListScope::WithActive(_));
        self.record(Call::Sessions { active }).await;
        self.sessions.clone().map(Into::into)
    }

    async fn end(
        &self,
        action: EndAction,
        _: &EndPoint,
        tickets: &[SecretString],
    ) -> Result<(), FarmError> {
        let tickets = tickets.len();
        self.record(Call::End { action, tickets }).await;
        self.end.clone()
    }

    async fn connect(&self, connect: &ConnectRequest) -> Result<Connection, FarmError> {
        self.record(Call::Connect(Box::new(connect.clone()))).await;
        self.connect.clone()
    }

    async fn sta_ticket(
        &self,
        _: usize,
        host: &HostPort,
        _: &str,
        reliable: bool,
    ) -> Result<StaTicket, NoTicket> {
        let host = host.to_string();
        self.record(Call::StaTicket { host, reliable }).await;
        self.sta_ticket.clone()
    }
}
