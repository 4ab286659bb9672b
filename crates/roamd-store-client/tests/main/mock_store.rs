//! Server with the responses of a test, which records the requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use roamd_store_client::{Credentials, SessionParams, Spelling, StoreClient};
use roamd_store_proto::auth::{
    Challenge, Choice, Form, FormResult, FormStatus, Reason, RequestTokenResponse, Requirement,
    RequirementKind, TokenChoices,
};
use roamd_store_proto::{Endpoint, Endpoints, EnumerationStatus, SessionState, media_type};
use tokio::net::TcpListener;

pub(crate) type MockResponse = Response<Full<Bytes>>;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl ReceivedRequest {
    /// Returns the value of a header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Server on a free port, until the end of the test.
#[derive(Clone)]
pub(crate) struct MockStore {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl MockStore {
    /// Starts a server. The arguments of `respond` are its address, to build URLs, and the request.
    pub(crate) async fn start(
        respond: impl Fn(SocketAddr, &ReceivedRequest) -> MockResponse + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = Self {
            address,
            requests: Arc::default(),
        };
        let (requests, respond) = (store.requests.clone(), Arc::new(respond));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (requests, respond) = (requests.clone(), respond.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (requests, respond) = (requests.clone(), respond.clone());
                    async move {
                        let request = read(request).await;
                        requests.lock().unwrap().push(request.clone());
                        Ok::<_, Infallible>(respond(address, &request))
                    }
                });
                let serve = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(serve);
            }
        });
        store
    }

    /// Returns the requests so far.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the request lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.line)
            .collect()
    }

    /// Returns a client of the store at `/Store`.
    pub(crate) fn client(&self) -> StoreClient {
        let credentials = Credentials {
            user_name: r"LAB\ada".into(),
            password: "s3cret!".to_owned().into(),
        };
        StoreClient::new(
            format!("http://{}/Store", self.address).parse().unwrap(),
            credentials,
        )
    }
}

async fn read(request: Request<Incoming>) -> ReceivedRequest {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    ReceivedRequest {
        line: format!("{} {}", head.method, head.uri),
        headers: head.headers,
        body: String::from_utf8(body.into()).unwrap(),
    }
}

pub(crate) fn session_params() -> SessionParams {
    SessionParams::new("kiosk-07")
}

/// Responds like a working store. Tests replace single responses.
pub(crate) fn good_store(address: SocketAddr, request: &ReceivedRequest) -> MockResponse {
    let token = request.header("authorization");
    match (request.line.as_str(), token) {
        ("GET /Store/endpoints/v1", _) => endpoints(&format!("http://{address}")),
        ("POST /list", "CitrixAuth c2VydmljZQ==") => list(),
        ("POST /list", _) => challenge("store", "token", &format!("http://{address}"), "/list"),
        ("POST /token", "CitrixAuth cHJpbWFyeQ==") => token_response("c2VydmljZQ=="),
        ("POST /token", _) => challenge(
            "tokens",
            "protocols",
            &format!("http://{address}"),
            "/token",
        ),
        ("POST /protocols", _) => choices(&format!("http://{address}/forms")),
        ("POST /forms", _) => form(&sign_in_form()),
        ("POST /attempt", _) => token_response("cHJpbWFyeQ=="),
        _ => status(StatusCode::NOT_FOUND),
    }
}

pub(crate) fn status(status: StatusCode) -> MockResponse {
    let mut response = MockResponse::default();
    *response.status_mut() = status;
    response
}

fn message(code: StatusCode, content_type: &'static str, body: Vec<u8>) -> MockResponse {
    let mut response = status(code);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, content_type.parse().unwrap());
    *response.body_mut() = Full::new(body.into());
    response
}

pub(crate) fn ok(content_type: &'static str, body: Vec<u8>) -> MockResponse {
    message(StatusCode::OK, content_type, body)
}

pub(crate) fn endpoints(base: &str) -> MockResponse {
    let endpoint = |id: &str, path: &str| Endpoint {
        id: id.into(),
        url: format!("{base}{path}"),
        capabilities: Vec::new(),
    };
    let endpoints = vec![
        endpoint("ListSessions", "/list"),
        endpoint("LogOffSessions", "/logoff"),
    ];
    ok(media_type::ENDPOINTS, Endpoints { endpoints }.to_xml())
}

pub(crate) fn list() -> MockResponse {
    let list = SessionState {
        enumeration: EnumerationStatus::Full,
        sessions: Vec::new(),
    };
    ok(media_type::SESSION_STATE, list.to_xml(Spelling::Document))
}

pub(crate) fn challenge(realm: &str, location: &str, base: &str, root: &str) -> MockResponse {
    let challenge = Challenge {
        realm: realm.into(),
        reason: Some(Reason::NoToken),
        locations: vec![format!("{base}/{location}")],
        service_root_hint: format!("{base}{root}"),
    };
    let mut response = status(StatusCode::UNAUTHORIZED);
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, challenge.to_string().parse().unwrap());
    response
}

pub(crate) fn choices(forms: &str) -> MockResponse {
    let choice = |protocol: &str, location: &str| Choice {
        protocol: protocol.into(),
        location: location.into(),
    };
    let choices = vec![
        choice("IntegratedWindows", "http://192.0.2.1/"),
        choice("ExplicitForms", forms),
    ];
    let body = TokenChoices { choices }.to_xml();
    message(
        StatusCode::MULTIPLE_CHOICES,
        media_type::REQUEST_TOKEN_CHOICES,
        body,
    )
}

pub(crate) fn token_response(token: &str) -> MockResponse {
    let response = RequestTokenResponse {
        for_service: "store".into(),
        issued: "2026-03-02T07:15:00Z".parse().unwrap(),
        expiry: "2026-03-02T15:15:00Z".parse().unwrap(),
        token: token.to_owned().into(),
        credential_display_name: None,
    };
    ok(media_type::REQUEST_TOKEN_RESPONSE, response.to_xml())
}

pub(crate) fn form(form: &Form) -> MockResponse {
    let mut response = ok(media_type::FORM, form.to_xml());
    let cookie = "ASP.NET_SessionId=c00k1e; Path=/; HttpOnly; SameSite=Lax";
    response
        .headers_mut()
        .insert(SET_COOKIE, cookie.parse().unwrap());
    response
}

pub(crate) fn sign_in_form() -> Form {
    Form {
        status: FormStatus::SUCCESS,
        result: FormResult::MORE_INFO,
        state_context: "q7Zk2mN4-xv1".into(),
        log_message: None,
        post_back: Some("/attempt".into()),
        cancel_post_back: Some("/cancel".into()),
        cancel_button_text: None,
        requirements: vec![field("username"), field("password"), field("domain")],
    }
}

pub(crate) fn field(id: &str) -> Requirement {
    Requirement {
        id: Some(id.into()),
        save_id: None,
        credential_type: id.into(),
        label: None,
        label_type: "none".into(),
        highlight: Vec::new(),
        kind: RequirementKind::Text {
            secret: id == "password",
            initial: String::new(),
            assistive: None,
        },
    }
}

pub(crate) fn error_label(text: &str) -> Requirement {
    Requirement {
        id: None,
        credential_type: "none".into(),
        label: Some(text.into()),
        label_type: "error".into(),
        kind: RequirementKind::Nothing,
        ..field("none")
    }
}
