//! The messages that `docs/clients.md` shows.

use std::time::Duration;

use roamd_store_proto::auth::{
    Choice, Claim, ClaimsPrincipal, DestroyToken, DestroyTokenResponse, Form, FormPost, FormResult,
    FormStatus, RefreshToken, RequestToken, RequestTokenResponse, Requirement, RequirementKind,
    TokenChoices,
};
use roamd_store_proto::{
    Account, Accounts, DecodeError, Discovery, Display, Endpoint, Endpoints, EnumerationStatus,
    Groups, LaunchData, LaunchErrorId, LaunchParams, Lifetime, Resource, ResourceType, Resources,
    RetryReason, ServiceRecord, Session, SessionOperation, SessionParams, SessionResult,
    SessionState, SessionStatus, Spelling, media_type,
};

const HOST: &str = "https://store.example.net";
const REALM: &str = "store:/Citrix/Store";
const TOKEN: &str = "c2VydmljZS10b2tlbg==";
const STATE_CONTEXT: &str = "q7Zk2mN4-x1";
const TICKET: &str = "0F51C2D9A8B74E60B1";
const ICA_FILE: &str = "[ApplicationServers]
Excel=

[Excel]
Address=192.0.2.80:1494
LogonTicket=0F51C2D9A8B74E60B1
Title=Excel
";

/// Function that decodes a message and encodes it again.
type Recode = fn(&[u8]) -> Result<Vec<u8>, DecodeError>;

/// A message of the document.
pub(super) struct Sample {
    /// Media type, without parameters.
    pub(super) media_type: &'static str,
    /// File name of its schema.
    pub(super) schema: &'static str,
    /// The message, by its encoder.
    pub(super) encoded: Vec<u8>,
    /// `None` if there is no decoder.
    pub(super) recode: Option<Recode>,
}

/// Creates a sample from a message with `from_xml` and `to_xml`.
macro_rules! sample {
    ($media_type:ident, $schema:expr, $message:ty, $value:expr $(, $argument:expr)?) => {{
        let value: $message = $value;
        Sample {
            media_type: media_type::$media_type,
            schema: $schema,
            encoded: value.to_xml($($argument)?),
            recode: Some(|bytes| Ok(<$message>::from_xml(bytes)?.to_xml($($argument)?))),
        }
    }};
}

fn endpoint(id: &str, capability: &str, path: &str) -> Endpoint {
    Endpoint {
        id: id.to_owned(),
        url: format!("{HOST}/Citrix/Store{path}"),
        capabilities: vec![capability.to_owned()],
    }
}

fn service_record() -> ServiceRecord {
    let address = format!("{HOST}/Citrix/Store/discovery");
    ServiceRecord {
        srid: "2862079384".to_owned(),
        name: "Store".to_owned(),
        internal_beacons: vec![address.clone()],
        address,
    }
}

fn accounts() -> Accounts {
    Accounts {
        accounts: vec![Account {
            id: "775552B2-3E81-4FDA-93D1-CE0374E902AD".to_owned(),
            name: "Store".to_owned(),
            description: String::new(),
            published: true,
            content_hash: "5A0C9E17".to_owned(),
            store: Some(service_record()),
        }],
    }
}

fn discovery() -> Sample {
    let discovery = Discovery {
        store: service_record(),
        store_endpoints: format!("{HOST}/Citrix/Store/endpoints/v1"),
        authentication_endpoints: format!("{HOST}/Citrix/StoreAuth/endpoints/v1"),
    };
    Sample {
        media_type: Discovery::media_type("application/vnd.citrix.discovery+xml"),
        schema: "Discovery.xsd",
        encoded: discovery.to_xml(),
        recode: None,
    }
}

fn form() -> Form {
    let text_box = |id: &str, label: &str, secret| Requirement {
        id: Some(id.to_owned()),
        credential_type: id.to_owned(),
        label: Some(label.to_owned()),
        label_type: "plain".to_owned(),
        kind: RequirementKind::Text {
            secret,
            initial: String::new(),
            assistive: None,
        },
        ..Requirement::default()
    };
    Form {
        status: FormStatus::SUCCESS,
        result: FormResult::MORE_INFO,
        state_context: STATE_CONTEXT.to_owned(),
        log_message: None,
        post_back: Some("/Citrix/StoreAuth/ExplicitForms/AuthenticateAttempt".to_owned()),
        cancel_post_back: Some("/Citrix/StoreAuth/ExplicitForms/CancelAuthenticate".to_owned()),
        cancel_button_text: Some("Cancel".to_owned()),
        requirements: vec![
            text_box("username", "User name", false),
            text_box("password", "Password", true),
            Requirement {
                id: Some("loginBtn".to_owned()),
                credential_type: "none".to_owned(),
                label_type: "none".to_owned(),
                kind: RequirementKind::Button("Log On".to_owned()),
                ..Requirement::default()
            },
        ],
    }
}

/// Returns the fields with which a client answers the form.
pub(super) fn form_post() -> FormPost {
    FormPost {
        state_context: STATE_CONTEXT.to_owned(),
        user_name: Some(r"DEMO\alice".to_owned()),
        password: Some("roam-demo".into()),
        ..FormPost::default()
    }
}

fn request_token_response() -> RequestTokenResponse {
    RequestTokenResponse {
        for_service: REALM.to_owned(),
        issued: "2026-03-02T07:15:00Z".parse().unwrap(),
        expiry: "2026-03-02T15:15:00Z".parse().unwrap(),
        token: TOKEN.into(),
        credential_display_name: None,
    }
}

fn claims_principal() -> ClaimsPrincipal {
    let issuer = "validate:/Citrix/StoreAuth/default";
    ClaimsPrincipal {
        name: r"DEMO\alice".to_owned(),
        authenticated: true,
        method: ClaimsPrincipal::COMMON_FORMS.to_owned(),
        claims: vec![Claim {
            claim_type: Claim::NAME.to_owned(),
            value: r"DEMO\alice".to_owned(),
            value_type: "string".to_owned(),
            issuer: issuer.to_owned(),
            original_issuer: issuer.to_owned(),
        }],
    }
}

/// The parameters of a request to end sessions: a list ignores the tickets.
fn session_params(schema: &'static str, spelling: Spelling) -> Sample {
    let params = SessionParams {
        device_id: Some("KIOSK-7".to_owned()),
        tickets: vec![TICKET.to_owned()],
        spelling,
        ..SessionParams::new("KIOSK-7")
    };
    Sample {
        media_type: media_type::SESSION_PARAMS,
        schema,
        encoded: params.to_xml(),
        recode: Some(|bytes| Ok(SessionParams::from_xml(bytes, SessionOperation::End)?.to_xml())),
    }
}

fn session_state() -> SessionState {
    let session = Session {
        id: "Aq_Y5IJO".to_owned(),
        server_type: "win32".to_owned(),
        launch_url: format!("{HOST}/Citrix/Store/sessions/v1/Aq_Y5IJO/launch/ica"),
        initial_app: "Excel".to_owned(),
        aggregated: false,
        resource_id: "CVAD.Excel".to_owned(),
        publisher_name: "Farm3".to_owned(),
    };
    SessionState::new(EnumerationStatus::Full, [session])
}

fn session_result() -> SessionResult {
    SessionResult {
        status: SessionStatus::Success,
    }
}

fn launch_params() -> LaunchParams {
    LaunchParams {
        client_name: Some("KIOSK-7".to_owned()),
        device_id: Some("KIOSK-7".to_owned()),
        display: Some(Display::Percent(Some(80.0))),
        client_printer: Some(true),
        ..LaunchParams::default()
    }
}

fn launch_data() -> [LaunchData; 3] {
    [
        LaunchData::Success {
            ica: ICA_FILE.into(),
            logon_ticket: Some(TICKET.into()),
        },
        LaunchData::Retry {
            url: format!("{HOST}/Citrix/Store/sessions/v1/Aq_Y5IJO/launch/ica/k41x9"),
            after: Some(15),
            reason: RetryReason::REBOOTING,
            remedy: None,
        },
        LaunchData::Failure {
            id: LaunchErrorId::NO_MORE_ACTIVE_SESSIONS,
            text: "The limit of sessions is reached.".to_owned(),
            remedy: None,
        },
    ]
}

fn resource() -> Resource {
    let url = format!("{HOST}/Citrix/Store/resources/v2/Q1ZBRC5FeGNlbA");
    Resource {
        id: "CVAD.Excel".to_owned(),
        link: Some(url.clone()),
        title: "Excel".to_owned(),
        summary: "Spreadsheets".to_owned(),
        path: "\\".to_owned(),
        resource_type: ResourceType::APPLICATION,
        client_types: vec!["ica30".to_owned()],
        enabled: true,
        launch_ica: Some(format!("{url}/launch/ica")),
        image: Some(format!("{url}/image")),
        publisher_resource_id: "Excel".to_owned(),
        publisher_name: "Farm3".to_owned(),
        ..Resource::default()
    }
}

/// Returns a message for each `xml` block of the document, in order.
pub(super) fn samples() -> Vec<Sample> {
    let choice = Choice {
        protocol: Choice::EXPLICIT_FORMS.to_owned(),
        location: format!("{HOST}/Citrix/StoreAuth/ExplicitForms/Start"),
    };
    let request_token = RequestToken {
        for_service: REALM.to_owned(),
        for_service_url: format!("{HOST}/Citrix/Store/sessions/v1"),
        template: String::new(),
        requested_lifetime: Some(Lifetime(Duration::from_secs(4 * 3600))),
    };
    let refresh = RefreshToken {
        token: TOKEN.into(),
        requested_lifetime: Some(Lifetime(Duration::from_secs(3600))),
    };
    let destroy = DestroyToken {
        token: TOKEN.into(),
    };
    let endpoints = vec![
        endpoint("ListSessions", "listSessions", "/sessions/v1/available"),
        endpoint("LogOffSessions", "logOffSessions", "/sessions/v1/logoff"),
    ];
    let resources = Resources {
        enumeration: EnumerationStatus::Full,
        resources: vec![resource()],
    };
    let endpoints = Endpoints { endpoints };
    let choices = TokenChoices {
        choices: vec![choice],
    };
    let [success, retry, failure] = launch_data();
    let (document, native) = (Spelling::Document, Spelling::Native);
    let params = "SessionParameters.xsd";
    let (state, result) = ("SessionState.xsd", "SessionResult.xsd");
    let (data, list) = ("LaunchData.xsd", "Resources.xsd");
    vec![
        sample!(ENDPOINTS, "Endpoints.xsd", Endpoints, endpoints),
        discovery(),
        sample!(ROAMING_ACCOUNTS, "Accounts.xsd", Accounts, accounts()),
        sample!(
            REQUEST_TOKEN,
            "RequestToken.xsd",
            RequestToken,
            request_token
        ),
        sample!(
            REQUEST_TOKEN_CHOICES,
            "RequestTokenChoices.xsd",
            TokenChoices,
            choices
        ),
        sample!(FORM, "AuthenticateResponse.xsd", Form, form()),
        sample!(
            REQUEST_TOKEN_RESPONSE,
            "RequestTokenResponse.xsd",
            RequestTokenResponse,
            request_token_response()
        ),
        sample!(REFRESH_TOKEN, "RefreshToken.xsd", RefreshToken, refresh),
        sample!(DESTROY_TOKEN, "DestroyToken.xsd", DestroyToken, destroy),
        sample!(
            DESTROY_TOKEN_RESPONSE,
            "DestroyTokenResponse.xsd",
            DestroyTokenResponse,
            DestroyTokenResponse
        ),
        sample!(
            CLAIMS_IDENTITY,
            "ClaimsPrincipal.xsd",
            ClaimsPrincipal,
            claims_principal()
        ),
        session_params(params, document),
        session_params(params, native),
        sample!(
            SESSION_STATE,
            state,
            SessionState,
            session_state(),
            Spelling::Document
        ),
        sample!(
            SESSION_STATE,
            state,
            SessionState,
            session_state(),
            Spelling::Native
        ),
        sample!(
            SESSION_RESULTS,
            result,
            SessionResult,
            session_result(),
            Spelling::Document
        ),
        sample!(
            SESSION_RESULTS,
            result,
            SessionResult,
            session_result(),
            Spelling::Native
        ),
        sample!(
            LAUNCH_PARAMS,
            "LaunchParams.xsd",
            LaunchParams,
            launch_params()
        ),
        sample!(LAUNCH_DATA, data, LaunchData, success),
        sample!(LAUNCH_DATA, data, LaunchData, retry),
        sample!(LAUNCH_DATA, data, LaunchData, failure),
        sample!(RESOURCES, list, Resources, resources, &Groups::all()),
        sample!(RESOURCE, list, Resource, resource(), &Groups::all()),
    ]
}
