//! The commands of the socket, and their dispatch.

use std::time::Duration;

use http::{Method, Request, StatusCode};
use roamd_http::{BodyError, RequestBody, Response, read_body};
use roamd_state::StateError;
use rustix::process::geteuid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tracing::{debug, warn};

use super::context::Context;
use super::{revocation, status_report, throttle, web_sign_ins};
use crate::app::reload::ReloadError;
use crate::audit::Operator;
use crate::http::response::{Caching, respond as respond_with};

/// Media type of requests and responses.
const JSON: &str = "application/json";

/// Maximum size of the parameters of a command, in bytes, and the time for them to arrive.
const MAX_BODY: usize = 16 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// User id of root.
const ROOT: u32 = 0;

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Status,
    ShowThrottle,
    ResetThrottle,
    Reload,
    Revoke,
    WebSignIns,
}

/// Why a command is not carried out. The message is for people.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Command {
    const ALL: [Self; 6] = [
        Self::Status,
        Self::ShowThrottle,
        Self::ResetThrottle,
        Self::Reload,
        Self::Revoke,
        Self::WebSignIns,
    ];

    /// Method and path of its request.
    pub(super) fn route(self) -> (Method, &'static str) {
        match self {
            Self::Status => (Method::POST, "/status"),
            Self::ShowThrottle => (Method::POST, "/throttle/show"),
            Self::ResetThrottle => (Method::POST, "/throttle/reset"),
            Self::Reload => (Method::POST, "/reload"),
            Self::Revoke => (Method::POST, "/tokens/revoke"),
            Self::WebSignIns => (Method::POST, "/tokens/web-sign-ins"),
        }
    }

    /// Returns the command of a request.
    fn of(method: &Method, path: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|command| command.route() == (method.clone(), path))
    }
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            BodyError::NoRoom(_) | BodyError::Broken(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

/// Each error of the file is a line.
impl From<ReloadError> for Refusal {
    fn from(error: ReloadError) -> Self {
        let message = [error.lines(), vec![error.to_string()]].concat().join("\n");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }
}

/// Carries out the command of a request.
pub(super) async fn respond(context: &Context, request: Request<RequestBody>) -> Response {
    match dispatch(context, request).await {
        Ok(response) => response,
        Err(Refusal { status, message }) => {
            debug!(%status, reason = message, "Control command refused");
            let body = json!({ "error": message }).to_string();
            respond_with(status, JSON, Caching::None, body)
        }
    }
}

async fn dispatch(context: &Context, request: Request<RequestBody>) -> Result<Response, Refusal> {
    let user = request.body().peer().user;
    // The mode of the socket says the same. It may have been changed.
    let may_command = |user: &u32| *user == ROOT || *user == geteuid().as_raw();
    let Some(user) = user.filter(may_command) else {
        warn!(user, "Control socket refused a user");
        let message = "only root and the user of the server may use the control socket";
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    };
    let command = Command::of(request.method(), request.uri().path());
    let Some(command) = command else {
        let message = "the server does not know this command; it may be of an older version";
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    };
    let body = request.into_body();
    match command {
        Command::Status => success(&status_report::report(context).await),
        Command::ShowThrottle => {
            let query = parameters(body).await?;
            success(&throttle::show(context, query).await?)
        }
        Command::ResetThrottle => {
            let reset = parameters(body).await?;
            let operator = Operator::with_id(user);
            success(&throttle::reset(context, operator, reset).await?)
        }
        Command::Reload => {
            let Some(reloader) = context.reloader.get() else {
                let message = "this server has no configuration file to read again, like a demo; \
                               restart it instead";
                return Err(Refusal::new(StatusCode::CONFLICT, message));
            };
            let operator = Operator::with_id(user);
            success(&reloader.reload_for(Some(operator)).await?)
        }
        Command::Revoke => {
            let request = parameters(body).await?;
            success(&revocation::apply(context, request).await?)
        }
        Command::WebSignIns => {
            let query = parameters(body).await?;
            success(&web_sign_ins::report(context, query).await?)
        }
    }
}

/// Reads the parameters of a command.
async fn parameters<T: DeserializeOwned>(body: RequestBody) -> Result<T, Refusal> {
    let body = read_body(body, MAX_BODY, BODY_TIMEOUT).await?;
    serde_json::from_slice(&body).map_err(|error| {
        debug!(%error, "Parameters of a control command not read");
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "the server cannot read the parameters",
        )
    })
}

fn success(result: &impl Serialize) -> Result<Response, Refusal> {
    let body = serde_json::to_string(result).map_err(|error| {
        warn!(%error, "Result of a control command not encoded");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the result cannot be encoded",
        )
    })?;
    Ok(respond_with(StatusCode::OK, JSON, Caching::None, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_route_of_its_own() {
        for command in Command::ALL {
            let (method, path) = command.route();
            assert_eq!(Command::of(&method, path), Some(command));
            assert_eq!(Command::of(&Method::PUT, path), None);
        }
        assert_eq!(Command::of(&Method::POST, "/"), None);
    }
}
