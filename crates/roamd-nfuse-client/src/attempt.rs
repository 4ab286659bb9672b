//! One attempt at one controller: a request, and the resends that `policy` makes part of it.

use bytes::Bytes;
use roamd_nfuse_proto::{Dialect, Effect, Request};

use crate::answer_memory::Answer;
use crate::connection::Connection;
use crate::connection_pool::ConnectionPool;
use crate::error::CallError;
use crate::exchange::{ExchangeError, ExtraHeaders};
use crate::observer::TraceHeaders;
use crate::policy::{Attempts, Failure, Step, next_step};
use crate::service_key::KeyInUse;

/// Sends a request on `connection` and returns the converted response with its dialect. The request
/// is sent again, on a new connection, if [`next_step`] returns [`Step::Resend`].
///
/// After a refused service key, later requests have the farm's other key, even if this one is not
/// sent again.
///
/// # Errors
/// Failure of the last exchange, or of the last connection.
pub(crate) async fn send<R: Request, T: Send + 'static>(
    pool: &ConnectionPool,
    mut connection: Connection,
    body: Bytes,
    effect: Effect,
    attempts: Attempts,
    trace: Option<&TraceHeaders>,
    convert: &(impl Fn(R::Response) -> T + Clone + Send + 'static),
) -> Result<(Dialect, Answer<T>), CallError> {
    let keys = pool.service_key();
    let mut key = keys.map(KeyInUse::current);
    let mut has_switched_key = false;
    loop {
        let headers = ExtraHeaders { key, trace };
        let exchange = pool.exchange::<R, T>(connection, body.clone(), headers, convert.clone());
        let error = match exchange.await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let failure = match &error {
            ExchangeError::StaleConnection(_) => Failure::StaleConnection,
            ExchangeError::ServiceKeyRefused(_) if !has_switched_key => {
                let other = keys.zip(key).and_then(|(keys, key)| keys.switch_from(key));
                if other.is_none() {
                    return Err(error.into());
                }
                (key, has_switched_key) = (other, true);
                Failure::ServiceKeyRefused
            }
            _ => return Err(error.into()),
        };
        if next_step(effect, failure, attempts) != Step::Resend {
            return Err(error.into());
        }
        connection = pool.connect().await?;
    }
}
