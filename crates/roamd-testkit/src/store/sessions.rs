//! Responses about sessions and resources: endpoints, lists, results and launches.

use roamd_store_proto::{
    Endpoint, Endpoints, EnumerationStatus, Groups, LaunchData, Resource, Resources, RetryReason,
    Session, SessionResult, SessionState, SessionStatus, Spelling, media_type,
};

use super::response::StoreResponse;

impl StoreResponse {
    /// Returns an endpoints document that offers the sessions to list at `/list` and to log off at
    /// `/logoff` below this base URL.
    #[must_use]
    pub fn endpoints(base: &str) -> Self {
        endpoints(
            base,
            &[("ListSessions", "/list"), ("LogOffSessions", "/logoff")],
        )
    }

    /// Returns an endpoints document with everything that a client uses: also the sessions to
    /// disconnect at `/disconnect`, and the resources at `/resources`.
    #[must_use]
    pub fn all_endpoints(base: &str) -> Self {
        endpoints(
            base,
            &[
                ("ListSessions", "/list"),
                ("DisconnectSessions", "/disconnect"),
                ("LogOffSessions", "/logoff"),
                ("ListResources", "/resources"),
            ],
        )
    }

    /// Returns a complete list of these resources.
    #[must_use]
    pub fn resources(resources: Vec<Resource>) -> Self {
        let list = Resources {
            enumeration: EnumerationStatus::Full,
            resources,
        };
        Self::ok(media_type::RESOURCES, list.to_xml(&Groups::all()))
    }

    /// Returns a complete list of these sessions.
    #[must_use]
    pub fn sessions(sessions: impl IntoIterator<Item = Session>) -> Self {
        let list = SessionState::new(EnumerationStatus::Full, sessions);
        Self::ok(media_type::SESSION_STATE, list.to_xml(Spelling::Document))
    }

    /// Returns the result of a disconnect or log off.
    #[must_use]
    pub fn session_result(status: SessionStatus) -> Self {
        let result = SessionResult { status };
        Self::ok(
            media_type::SESSION_RESULTS,
            result.to_xml(Spelling::Document),
        )
    }

    /// Returns a list with a session of each application, all on the farm `Farm3` with the id
    /// `CVAD`. The launch URL of an application is `/launch/APP` below this base URL.
    #[must_use]
    pub fn list(base: &str, enumeration: EnumerationStatus, apps: &[&str]) -> Self {
        let session = |app: &&str| Session {
            id: format!("id-{app}"),
            server_type: "win32".into(),
            launch_url: launch_url(base, app),
            initial_app: (*app).into(),
            resource_id: format!("CVAD.{app}"),
            publisher_name: "Farm3".into(),
            ..Session::default()
        };
        let list = SessionState::new(enumeration, apps.iter().map(session));
        Self::ok(media_type::SESSION_STATE, list.to_xml(Spelling::Document))
    }

    /// Returns the response to a launch.
    #[must_use]
    pub fn launch(launch: &LaunchData) -> Self {
        Self::ok(media_type::LAUNCH_DATA, launch.to_xml())
    }

    /// Returns a successful launch with a short ICA file.
    #[must_use]
    pub fn ica() -> Self {
        Self::launch(&LaunchData::Success {
            ica: "[WFClient]".to_owned().into(),
            logon_ticket: None,
        })
    }

    /// Returns a launch that the client has to retry after this number of seconds, at `/launch/APP`
    /// below this base URL, because the machine is resuming.
    #[must_use]
    pub fn retry(base: &str, app: &str, after: u32) -> Self {
        Self::launch(&LaunchData::Retry {
            url: launch_url(base, app),
            after: Some(after),
            reason: RetryReason::RESUMING,
            remedy: None,
        })
    }
}

fn endpoints(base: &str, paths: &[(&str, &str)]) -> StoreResponse {
    let endpoints = paths.iter().map(|(id, path)| Endpoint {
        id: (*id).into(),
        url: format!("{base}{path}"),
        capabilities: Vec::new(),
    });
    let endpoints = endpoints.collect();
    StoreResponse::ok(media_type::ENDPOINTS, Endpoints { endpoints }.to_xml())
}

fn launch_url(base: &str, app: &str) -> String {
    format!("{base}/launch/{app}")
}
