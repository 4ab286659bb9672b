//! Spans as a message of OTLP/HTTP in JSON: the JSON mapping of `ExportTraceServiceRequest` of
//! OpenTelemetry's protocol, version 1. Names of attributes are those of OpenTelemetry's semantic
//! conventions for HTTP, and `roamd.…` for what they do not have.

use std::borrow::Cow;
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};

use super::context::{SpanId, TraceId, TraceState};
use super::farm_call::{CallEnd, FarmCall};
use super::request_spans::RequestSpans;

const KIND_SERVER: u8 = 2;
const KIND_CLIENT: u8 = 3;
const STATUS_ERROR: u8 = 2;

/// Most characters of the name of a user.
const MAX_USER: usize = 256;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: Resource<'a>,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Serialize)]
struct Resource<'a> {
    attributes: [Attribute<'a>; 2],
}

#[derive(Serialize)]
struct ScopeSpans<'a> {
    scope: Scope,
    spans: Vec<Span<'a>>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span<'a> {
    trace_id: TraceId,
    span_id: SpanId,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<SpanId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_state: Option<&'a str>,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Serialize)]
struct Status {
    code: u8,
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'static str,
    value: Value<'a>,
}

/// Numbers are texts, since JSON has no 64-bit integers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Value<'a> {
    StringValue(Cow<'a, str>),
    IntValue(String),
}

/// Response of a collector.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    partial_success: Option<PartialSuccess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    rejected_spans: Option<Number>,
}

/// Writers of JSON disagree whether a number is a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

/// Writes the spans of these requests.
///
/// # Errors
/// If they cannot be written as JSON.
pub(super) fn message(service: &str, requests: &[RequestSpans]) -> serde_json::Result<Vec<u8>> {
    let version = env!("CARGO_PKG_VERSION");
    serde_json::to_vec(&Message {
        resource_spans: [ResourceSpans {
            resource: Resource {
                attributes: [
                    Attribute::text("service.name", service),
                    Attribute::text("service.version", version),
                ],
            },
            scope_spans: [ScopeSpans {
                scope: Scope {
                    name: "roamd",
                    version,
                },
                spans: requests.iter().flat_map(spans).collect(),
            }],
        }],
    })
}

/// Returns the number of spans that a collector rejected.
pub(super) fn rejected_spans(body: &[u8]) -> u64 {
    let reply: Option<Reply> = serde_json::from_slice(body).ok();
    match reply.and_then(|reply| reply.partial_success?.rejected_spans) {
        Some(Number::Number(number)) => number,
        Some(Number::Text(text)) => text.parse().unwrap_or(0),
        None => 0,
    }
}

/// The span of a request, and those of its farm calls.
fn spans(request: &RequestSpans) -> impl Iterator<Item = Span<'_>> {
    let calls = request.calls.iter();
    let calls = calls.filter_map(|call| Some(call_span(request, call, call.end?)));
    std::iter::once(request_span(request)).chain(calls)
}

fn request_span(request: &RequestSpans) -> Span<'_> {
    let method = method(&request.method);
    let mut attributes = vec![
        Attribute::text("http.request.method", method),
        Attribute::text("http.route", request.route),
        Attribute::owned_text("roamd.request.id", request.request.to_string()),
    ];
    attributes.push(Attribute::owned_text(
        "client.address",
        request.client.to_string(),
    ));
    if let Some(user) = &request.user {
        let name = user.as_str().chars().take(MAX_USER).collect();
        attributes.push(Attribute::owned_text("user.name", name));
    }
    let is_error = request.status.is_none_or(|status| status >= 500);
    match request.status {
        Some(status) => {
            attributes.push(Attribute::number("http.response.status_code", status));
            if is_error {
                attributes.push(Attribute::owned_text("error.type", status.to_string()));
            }
        }
        None => attributes.push(Attribute::text("error.type", "no_response")),
    }
    let (start_time_unix_nano, end_time_unix_nano) = times(request, Duration::ZERO, request.took);
    Span {
        trace_id: request.context.trace,
        span_id: request.context.span,
        parent_span_id: request.context.parent,
        trace_state: request.context.state.as_ref().map(TraceState::as_str),
        name: format!("{method} {}", request.route),
        kind: KIND_SERVER,
        start_time_unix_nano,
        end_time_unix_nano,
        attributes,
        status: is_error.then_some(Status { code: STATUS_ERROR }),
    }
}

fn call_span<'a>(request: &'a RequestSpans, call: &'a FarmCall, end: CallEnd) -> Span<'a> {
    let mut attributes = vec![
        Attribute::text("roamd.farm.id", call.farm.as_str()),
        Attribute::text("roamd.farm.request", call.request),
        Attribute::text("roamd.farm.outcome", end.outcome),
    ];
    if let Some(controller) = &call.controller {
        attributes.push(Attribute::text("http.request.method", "POST"));
        attributes.push(Attribute::text("server.address", controller.host()));
        attributes.push(Attribute::number("server.port", controller.port()));
    }
    if let Some(id) = end.error_id {
        attributes.push(Attribute::text("roamd.farm.error_id", id));
    }
    let is_error = end.outcome != "responded";
    if is_error {
        let kind = end.error_id.unwrap_or(end.outcome);
        attributes.push(Attribute::text("error.type", kind));
    }
    let after = call.started.saturating_duration_since(request.started);
    let (start_time_unix_nano, end_time_unix_nano) = times(request, after, end.took);
    Span {
        trace_id: request.context.trace,
        span_id: call.span,
        parent_span_id: Some(request.context.span),
        trace_state: request.context.state.as_ref().map(TraceState::as_str),
        name: call.request.to_owned(),
        kind: KIND_CLIENT,
        start_time_unix_nano,
        end_time_unix_nano,
        attributes,
        status: is_error.then_some(Status { code: STATUS_ERROR }),
    }
}

/// Begin and end of a span that begins this time after the request, in nanoseconds since 1970.
fn times(request: &RequestSpans, after: Duration, took: Duration) -> (String, String) {
    let nanoseconds = |time: Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
    let begin = request.ended.as_nanosecond() - nanoseconds(request.took) + nanoseconds(after);
    let end = begin + nanoseconds(took);
    (begin.to_string(), end.to_string())
}

/// A method as the semantic conventions name it.
fn method(method: &Method) -> &str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::CONNECT,
        Method::OPTIONS,
        Method::TRACE,
        Method::PATCH,
    ];
    if known.contains(method) {
        method.as_str()
    } else {
        "_OTHER"
    }
}

impl<'a> Attribute<'a> {
    fn text(key: &'static str, text: &'a str) -> Self {
        Self {
            key,
            value: Value::StringValue(text.into()),
        }
    }

    fn owned_text(key: &'static str, text: String) -> Self {
        Self {
            key,
            value: Value::StringValue(text.into()),
        }
    }

    fn number(key: &'static str, number: u16) -> Self {
        Self {
            key,
            value: Value::IntValue(number.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{HeaderMap, HeaderValue};
    use roamd_nfuse_client::ControllerUrl;
    use roamd_sessions::UserKey;
    use serde_json::{Value as Json, json};
    use tokio::time::Instant;

    use super::*;
    use crate::http::request_id::RequestId;
    use crate::trace::context::{RemoteParent, TraceContext};

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn context() -> TraceContext {
        let mut headers = HeaderMap::new();
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        headers.insert("traceparent", HeaderValue::try_from(parent).unwrap());
        headers.insert("tracestate", HeaderValue::from_static("a=1"));
        let parent = RemoteParent::of(&headers).unwrap();
        TraceContext {
            trace: parent.trace,
            span: SpanId::random(),
            parent: Some(parent.span),
            is_sampled: true,
            state: parent.state,
        }
    }

    fn call(
        request: &'static str,
        outcome: &'static str,
        error_id: Option<&'static str>,
    ) -> FarmCall {
        FarmCall {
            farm: Arc::new("XA1".to_owned()),
            controller: Some(ControllerUrl::parse("http://10.0.0.11:8080").unwrap()),
            request,
            span: SpanId::random(),
            started: Instant::now(),
            end: Some(CallEnd {
                outcome,
                error_id,
                took: Duration::from_millis(5),
            }),
        }
    }

    /// The attributes of a span, as one object.
    fn attributes(span: &Json) -> Json {
        let attributes = span["attributes"].as_array().unwrap().iter();
        let value = |value: &Json| value.as_object().unwrap().values().next().unwrap().clone();
        let named =
            attributes.map(|it| (it["key"].as_str().unwrap().to_owned(), value(&it["value"])));
        named.collect()
    }

    #[test]
    fn request_becomes_server_span_with_a_client_span_for_each_call() {
        let started = Instant::now();
        let refused = FarmCall {
            started: started + Duration::from_millis(2),
            ..call("RequestAddress", "refused", Some("not-trusted"))
        };
        let request = RequestSpans {
            context: context(),
            request: RequestId::random(),
            method: Method::POST,
            route: "launch",
            status: Some(503),
            client: [192, 0, 2, 1].into(),
            user: Some(UserKey::new("DEMO", "alice")),
            started,
            took: Duration::from_millis(10),
            ended: "1970-01-01T00:00:01Z".parse().unwrap(),
            calls: vec![refused, call("RequestTicket", "responded", None)],
        };
        let message = message("vdi", std::slice::from_ref(&request)).unwrap();
        let message: Json = serde_json::from_slice(&message).unwrap();
        let resource = &message["resourceSpans"][0];
        let name = json!({ "key": "service.name", "value": { "stringValue": "vdi" } });
        assert_eq!(resource["resource"]["attributes"][0], name);
        let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
        let [server, address, ticket] = &spans[..] else {
            panic!("{message}")
        };
        assert_eq!(server["traceId"], TRACE);
        assert_eq!(server["parentSpanId"], "00f067aa0ba902b7");
        assert_eq!(server["traceState"], "a=1");
        assert_eq!(
            (&server["kind"], &server["name"]),
            (&json!(2), &json!("POST launch"))
        );
        assert_eq!(server["startTimeUnixNano"], "990000000");
        assert_eq!(server["endTimeUnixNano"], "1000000000");
        assert_eq!(server["status"], json!({ "code": 2 }));
        let expected = json!({
            "http.request.method": "POST", "http.route": "launch",
            "http.response.status_code": "503", "error.type": "503",
            "client.address": "192.0.2.1", "user.name": "demo\\alice",
            "roamd.request.id": request.request.as_str(),
        });
        assert_eq!(attributes(server), expected);

        assert_eq!(address["parentSpanId"], server["spanId"]);
        assert_eq!(
            (&address["kind"], &address["name"]),
            (&json!(3), &json!("RequestAddress"))
        );
        assert_eq!(address["startTimeUnixNano"], "992000000");
        assert_eq!(address["endTimeUnixNano"], "997000000");
        assert_eq!(address["status"], json!({ "code": 2 }));
        let expected = json!({
            "roamd.farm.id": "XA1", "roamd.farm.request": "RequestAddress",
            "roamd.farm.outcome": "refused", "roamd.farm.error_id": "not-trusted",
            "error.type": "not-trusted", "http.request.method": "POST",
            "server.address": "10.0.0.11", "server.port": "8080",
        });
        assert_eq!(attributes(address), expected);
        assert_eq!(ticket["parentSpanId"], server["spanId"]);
        assert_eq!(ticket["status"], Json::Null);
    }

    #[test]
    fn method_and_user_of_a_client_are_bounded() {
        let request = RequestSpans {
            context: context(),
            request: RequestId::random(),
            method: Method::from_bytes("X".repeat(5_000).as_bytes()).unwrap(),
            route: "none",
            status: None,
            client: [192, 0, 2, 1].into(),
            user: Some(UserKey::new("d", &"u".repeat(5_000))),
            started: Instant::now(),
            took: Duration::ZERO,
            ended: jiff::Timestamp::UNIX_EPOCH,
            calls: Vec::new(),
        };
        let message = message("roamd", &[request]).unwrap();
        assert!(message.len() < 1_500, "{}", message.len());
        let text = String::from_utf8(message).unwrap();
        assert!(
            text.contains("\"_OTHER none\"") && text.contains("no_response"),
            "{text}"
        );
    }
}
