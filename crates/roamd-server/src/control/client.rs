//! Client of the control socket, for the commands of roamd.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::commands::Command;
use super::revocation::{RevocationDone, RevocationRequest};
use super::socket_path::SocketPath;
use super::status::Status;
use super::throttle::{ThrottleQuery, ThrottleReport, ThrottleReset, ThrottleResetDone};
use super::web_sign_ins::{WebSignInQuery, WebSignInReport};
use crate::app::reload::Reloaded;
use crate::data_dir::{CONTROL_SOCKET, folder_of};

/// Time for a command, from the connection to the end of its response.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Longest response that is read, in bytes: the status of hundreds of farms.
const LONGEST_RESPONSE: usize = 16 * 1024 * 1024;

/// Name of the data folder of the server in that of a demo.
const DEMO_SERVER: &str = "server";

/// Client of a running server.
#[derive(Debug, Clone)]
pub struct ControlClient {
    socket: PathBuf,
}

/// Error of a command.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No server runs on the data folder.
    #[error(
        "no server runs here: there is none at {}; start it, or name its configuration with \
         --config or its data folder with --data", .0.display()
    )]
    NoServer(PathBuf),
    /// The socket belongs to another user.
    #[error(
        "no permission for the control socket {}; run the command as root, or as the user of the \
         server", .0.display()
    )]
    NoPermission(PathBuf),
    /// The server has refused the command.
    #[error("{0}")]
    Refused(String),
    /// The server did not respond in time, or closed the connection because too many are open.
    #[error("the server at {} does not respond; try again", .socket.display())]
    NoResponse {
        /// The control socket.
        socket: PathBuf,
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The response is not what this version expects.
    #[error(
        "the server at {} is of another version than this program; restart it", .socket.display()
    )]
    OtherVersion {
        /// The control socket.
        socket: PathBuf,
        /// Cause.
        source: serde_json::Error,
    },
}

/// Body of a refusal.
#[derive(Deserialize)]
struct RefusalBody {
    error: String,
}

impl ControlClient {
    /// Returns a client of the server on a data folder, or on the one in the folder of a demo. Does
    /// not connect yet.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        let demo = data_dir.join(DEMO_SERVER).join(CONTROL_SOCKET);
        let socket = data_dir.join(CONTROL_SOCKET);
        let is_demo = !socket.exists() && demo.exists();
        Self {
            socket: if is_demo { demo } else { socket },
        }
    }

    /// Returns the data folder, in which the socket is.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        folder_of(&self.socket)
    }

    /// Returns the status of the server.
    ///
    /// # Errors
    /// If there is no server, or it does not respond.
    pub async fn status(&self) -> Result<Status, ControlError> {
        self.call(Command::Status, &()).await
    }

    /// Returns what the login throttle holds back.
    ///
    /// # Errors
    /// If there is no server, or it does not respond.
    pub async fn throttle(&self, query: &ThrottleQuery) -> Result<ThrottleReport, ControlError> {
        self.call(Command::ShowThrottle, query).await
    }

    /// Forgives the failed sign-ins of a user.
    ///
    /// # Errors
    /// If there is no server, or it does not respond.
    pub async fn reset_throttle(
        &self,
        reset: &ThrottleReset,
    ) -> Result<ThrottleResetDone, ControlError> {
        self.call(Command::ResetThrottle, reset).await
    }

    /// Has the server read its configuration file again.
    ///
    /// # Errors
    /// If there is no server, it does not respond, or it does not use the file; the server then
    /// continues with the configuration that it has.
    pub async fn reload(&self) -> Result<Reloaded, ControlError> {
        self.call(Command::Reload, &()).await
    }

    /// Ends the sign-ins of a user at once. The server reads the same from the file of revocations
    /// within seconds.
    ///
    /// # Errors
    /// If there is no server, or it does not respond; or the shared state does not, and the server
    /// tries again.
    pub async fn revoke(
        &self,
        request: &RevocationRequest,
    ) -> Result<RevocationDone, ControlError> {
        self.call(Command::Revoke, request).await
    }

    /// Returns which sign-ins at web sites have not been idle for too long.
    ///
    /// # Errors
    /// If there is no server, or it does not respond.
    pub async fn web_sign_ins(
        &self,
        query: &WebSignInQuery,
    ) -> Result<WebSignInReport, ControlError> {
        self.call(Command::WebSignIns, query).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        command: Command,
        parameters: &impl Serialize,
    ) -> Result<T, ControlError> {
        let body = serde_json::to_vec(parameters).map_err(|source| self.failure(source.into()))?;
        let body = Bytes::from(body);
        let exchange = timeout(TIMEOUT, self.exchange(command, body));
        let exchange = exchange.await.unwrap_or_else(|error| Err(error.into()));
        let (status, body) = exchange.map_err(|source| self.failure(source))?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|source| self.other_version(source));
        }
        let refusal: RefusalBody =
            serde_json::from_slice(&body).map_err(|source| self.other_version(source))?;
        Err(match status {
            StatusCode::FORBIDDEN => ControlError::NoPermission(self.socket.clone()),
            _ => ControlError::Refused(refusal.error),
        })
    }

    async fn exchange(
        &self,
        command: Command,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let path = SocketPath::of(&self.socket)?;
        let stream = UnixStream::connect(&path).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let (method, path) = command.route();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "roamd")
            .body(Full::new(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_RESPONSE);
        Ok((status, body.collect().await?.to_bytes()))
    }

    fn failure(&self, source: Box<dyn std::error::Error + Send + Sync>) -> ControlError {
        let socket = self.socket.clone();
        match source.downcast_ref().map(io::Error::kind) {
            Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                ControlError::NoServer(socket)
            }
            Some(io::ErrorKind::PermissionDenied) => ControlError::NoPermission(socket),
            _ => ControlError::NoResponse { socket, source },
        }
    }

    fn other_version(&self, source: serde_json::Error) -> ControlError {
        let socket = self.socket.clone();
        ControlError::OtherVersion { socket, source }
    }
}
