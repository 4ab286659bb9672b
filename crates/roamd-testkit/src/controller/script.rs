//! Script of a controller for one request.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::messages::http_response;

/// The bytes that a scripted controller sends for one request, and what it does with the connection
/// afterwards.
#[derive(Debug, Clone)]
pub struct Script {
    steps: Vec<Step>,
    end: End,
}

#[derive(Debug, Clone)]
enum Step {
    /// Waits until the semaphore is closed.
    WaitUntilClosed(Arc<Semaphore>),
    Pause(Duration),
    Send(Arc<[u8]>),
}

/// What happens to the connection after the bytes.
#[derive(Debug, Clone, Copy)]
enum End {
    KeepOpen,
    Close,
    Reset,
}

impl Script {
    /// Sends these bytes and keeps the connection.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            steps: vec![Step::Send(bytes.into().into())],
            end: End::KeepOpen,
        }
    }

    /// Sends an HTTP response with status 200 and this body.
    #[must_use]
    pub fn body(body: impl AsRef<[u8]>) -> Self {
        Self::bytes(http_response("200 OK", "", body.as_ref()))
    }

    /// Sends these bytes one by one with a pause after each, and keeps the connection.
    #[must_use]
    pub fn drip(bytes: &[u8], pause: Duration) -> Self {
        let step = |byte: &u8| [Step::Send(Arc::new([*byte])), Step::Pause(pause)];
        Self {
            steps: bytes.iter().flat_map(step).collect(),
            end: End::KeepOpen,
        }
    }

    /// Sends nothing and keeps the connection.
    #[must_use]
    pub fn silence() -> Self {
        Self {
            steps: Vec::new(),
            end: End::KeepOpen,
        }
    }

    /// Sends nothing and closes the connection.
    #[must_use]
    pub fn close() -> Self {
        Self::silence().then_close()
    }

    /// Sends nothing and resets the connection.
    #[must_use]
    pub fn reset() -> Self {
        Self::silence().then_reset()
    }

    /// Returns the script, held until this semaphore is closed. It has to have no permits.
    #[must_use]
    pub fn held(mut self, until_closed: &Arc<Semaphore>) -> Self {
        let wait = Step::WaitUntilClosed(Arc::clone(until_closed));
        self.steps.insert(0, wait);
        self
    }

    /// Returns the script with a delay before its first step.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.steps.insert(0, Step::Pause(delay));
        self
    }

    /// Then sends this piece this many times, with a pause before each.
    #[must_use]
    pub fn then(mut self, piece: impl Into<Vec<u8>>, times: usize, pause: Duration) -> Self {
        let piece: Arc<[u8]> = piece.into().into();
        for _ in 0..times {
            self.steps.push(Step::Pause(pause));
            self.steps.push(Step::Send(Arc::clone(&piece)));
        }
        self
    }

    /// Then closes the connection.
    #[must_use]
    pub fn then_close(self) -> Self {
        let end = End::Close;
        Self { end, ..self }
    }

    /// Then resets the connection.
    #[must_use]
    pub fn then_reset(self) -> Self {
        let end = End::Reset;
        Self { end, ..self }
    }

    /// Plays the script. Returns `None` if the connection has ended.
    pub(super) async fn play(&self, stream: &mut TcpStream) -> Option<()> {
        for step in &self.steps {
            match step {
                Step::WaitUntilClosed(semaphore) => {
                    // It has no permits, so acquiring one fails, once it is closed.
                    semaphore.acquire().await.unwrap_err();
                }
                Step::Pause(pause) => tokio::time::sleep(*pause).await,
                Step::Send(bytes) => stream.write_all(bytes).await.ok()?,
            }
        }
        match self.end {
            End::KeepOpen => Some(()),
            End::Close => None,
            End::Reset => {
                stream.set_zero_linger().ok()?;
                None
            }
        }
    }
}
