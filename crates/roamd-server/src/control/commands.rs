//! The commands of the socket, and their dispatch.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use roamd_http::{Incoming, Peer, Response};
use rustix::process::geteuid;
use serde::Serialize;
use serde_json::json;
use tracing::{debug, warn};

use super::context::Context;
use super::status;
use crate::http::response::{Caching, respond as respond_with};

/// Media type of requests and responses.
const JSON: &str = "application/json";

/// User id of root.
const ROOT: u32 = 0;

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Status,
}

/// Why a command is not carried out. The message is for people.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Command {
    const ALL: [Self; 1] = [Self::Status];

    /// Method and path of its request.
    pub(super) fn route(self) -> (Method, &'static str) {
        match self {
            Self::Status => (Method::GET, "/status"),
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

/// Carries out the command of a request.
pub(super) async fn respond(context: &Context, request: Request<Incoming>) -> Response {
    match dispatch(context, request).await {
        Ok(response) => response,
        Err(Refusal { status, message }) => {
            debug!(%status, message, "Control command refused");
            let body = json!({ "error": message }).to_string();
            respond_with(status, JSON, Caching::None, body)
        }
    }
}

async fn dispatch(context: &Context, request: Request<Incoming>) -> Result<Response, Refusal> {
    let peer = request.extensions().get::<Peer>();
    let user = peer.and_then(|peer| peer.user);
    // The mode of the socket says the same. It may have been changed.
    if !user.is_some_and(|user| user == ROOT || user == geteuid().as_raw()) {
        warn!(user, "Control socket refused a user");
        let message = "only root and the user of the server may use the control socket";
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    let command = Command::of(request.method(), request.uri().path());
    let Some(command) = command else {
        let message = "the server does not know this command; it may be of an older version";
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    };
    match command {
        Command::Status => success(&status::report(context).await),
    }
}

fn success(result: &impl Serialize) -> Result<Response, Refusal> {
    let body = serde_json::to_vec(result).map_err(|error| {
        warn!(%error, "Result of a control command not encoded");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the result cannot be encoded",
        )
    })?;
    Ok(respond_with(
        StatusCode::OK,
        JSON,
        Caching::None,
        Bytes::from(body),
    ))
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
        assert_eq!(Command::of(&Method::GET, "/"), None);
    }
}
