//! One HTTP exchange with a controller: a request and its response, on one connection.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use roamd_nfuse_proto::Service;

use crate::answer_memory::{AnswerCharge, FarmMemory};
use crate::connection::Connection;
use crate::error::CallError;
use crate::observer::TraceHeaders;
use crate::read_budget::ReadBudget;
use crate::response_body::{Progress, ResponseBody};
use crate::service_key::{SERVICE_KEY, is_key_refusal};

/// Limit of a response in bytes, chunk framing included.
pub(crate) const MAX_RESPONSE_BYTES: usize = 8 * 1024 * 1024;

/// Headers of W3C Trace Context.
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// Headers of a request that not every farm or call has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExtraHeaders<'h> {
    /// Service key of the farm.
    pub(crate) key: Option<&'h HeaderValue>,
    /// Trace context of the attempt.
    pub(crate) trace: Option<&'h TraceHeaders>,
}

/// Failure of one exchange.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// A kept connection ended before the first byte of a response: the controller had probably
    /// closed it before the request was sent.
    StaleConnection(hyper::Error),
    /// The connection ended before the first byte of a response.
    NoResponse(hyper::Error),
    /// The controller responded to a request with a service key with a status that refuses the key.
    ServiceKeyRefused(StatusCode),
    /// Any other failure.
    Failed(CallError),
}

/// A response with status 200.
pub(crate) struct Document {
    /// The body without chunk framing, with text before its XML declaration if there is some.
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection can take another request.
    pub(crate) is_connection_reusable: bool,
    /// Memory of the bytes.
    pub(crate) charge: AnswerCharge,
}

/// Posts the body of a request and reads the response.
pub(crate) async fn post(
    connection: &mut Connection,
    service: Service,
    host: &HeaderValue,
    extra: ExtraHeaders<'_>,
    body: Bytes,
    memory: &FarmMemory,
) -> Result<Document, ExchangeError> {
    let mut request = http::Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static(path(service));
    let headers = request.headers_mut();
    headers.insert(HOST, host.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Some(key) = extra.key {
        headers.insert(SERVICE_KEY, key.clone());
    }
    if let Some(trace) = extra.trace {
        headers.insert(TRACE_PARENT, trace.parent.clone());
        if let Some(state) = &trace.state {
            headers.insert(TRACE_STATE, state.clone());
        }
    }
    let read = async |response: hyper::Result<http::Response<Incoming>>, budget: &ReadBudget| {
        let response = response.map_err(|error| {
            if error.is_parse() || budget.is_spent() {
                ExchangeError::Failed(error.into())
            } else {
                ExchangeError::NoResponse(error)
            }
        })?;
        match response.status() {
            StatusCode::OK => Ok(read_response(response.into_body(), budget, memory).await?),
            status if extra.key.is_some() && is_key_refusal(status) => {
                Err(ExchangeError::ServiceKeyRefused(status))
            }
            status => Err(CallError::Http(status).into()),
        }
    };
    connection.send(request, read).await
}

/// Path of a service on every controller (nfuse.md §1.1, §8).
const fn path(service: Service) -> &'static str {
    match service {
        Service::Xml => "/scripts/wpnbr.dll",
        Service::Sta => "/scripts/ctxsta.dll",
    }
}

/// Reads a body up to its end, or to the last chunk of a response that hyper does not dechunk.
///
/// After such a last chunk HTTP still expects more, so the connection is not reusable.
/// Waits for memory before it reads: for a response whose length is announced, once.
async fn read_response(
    mut body: Incoming,
    budget: &ReadBudget,
    memory: &FarmMemory,
) -> Result<Document, CallError> {
    budget.begin_body();
    let announced = body.size_hint().exact().map(usize::try_from);
    let mut charge = match announced {
        Some(Ok(length)) if length <= MAX_RESPONSE_BYTES => memory.charge(length).await,
        Some(_) => return Err(CallError::TooLong),
        None => memory.charge_class(0, MAX_RESPONSE_BYTES).await,
    };
    let mut response = ResponseBody::new(MAX_RESPONSE_BYTES);
    let mut is_connection_reusable = true;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        budget.earn(data.len());
        let received = MAX_RESPONSE_BYTES - response.room() + data.len();
        if received > charge.length() && received <= MAX_RESPONSE_BYTES {
            // The lower charge is held until there is a higher one.
            charge = memory.charge_class(received, MAX_RESPONSE_BYTES).await;
        }
        if response.push(&data)? == Progress::Done {
            is_connection_reusable = false;
            break;
        }
    }
    let bytes = response.finish()?;
    charge.shrink_to(bytes.len());
    Ok(Document {
        bytes,
        is_connection_reusable,
        charge,
    })
}

impl From<CallError> for ExchangeError {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

impl From<ExchangeError> for CallError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::StaleConnection(error) | ExchangeError::NoResponse(error) => {
                error.into()
            }
            ExchangeError::ServiceKeyRefused(status) => Self::Http(status),
            ExchangeError::Failed(error) => error,
        }
    }
}
