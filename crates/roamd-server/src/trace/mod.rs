//! What joins the log lines, the audit lines and the spans of a request.
//!
//! The [`RequestScope`] of a request is an ambient value of the task that serves it, and of the
//! tasks and threads that work for it. Log lines get its ids, farm calls are recorded in it, and at
//! its end it becomes the access line of the log and, if the trace is sampled, spans.
//! [`context`] reads and writes the headers of W3C Trace Context, the [`Tracer`] decides which
//! traces are recorded, and the [`exporter`] sends spans by OTLP over HTTP from a thread of its
//! own. Requests never wait for it: spans beyond its limit are lost, and counted.

mod collector;
mod context;
mod counts;
mod error;
mod exporter;
mod farm_call;
mod otlp;
mod request_spans;
mod scope;
mod tracer;

pub(crate) use self::context::RemoteParent;
pub use self::context::TraceId;
pub use self::error::TracerError;
pub(crate) use self::farm_call::CallEnd;
pub use self::scope::RequestIds;
pub(crate) use self::scope::{RequestScope, RequestStart, RequestTrace};
pub use self::tracer::Tracer;
