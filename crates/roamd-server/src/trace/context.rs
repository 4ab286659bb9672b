//! Trace context of a request: ids, and the headers `traceparent` and `tracestate` (W3C Trace
//! Context, level 1).

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use roamd_nfuse_client::TraceHeaders;
use serde::{Serialize, Serializer};

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// Bit of the flags that says that the caller records the trace.
const SAMPLED: u8 = 1;

/// Version that makes a `traceparent` invalid.
const INVALID_VERSION: u8 = 0xff;

/// Most members of a `tracestate` (§3.3.1.1).
const MAX_MEMBERS: usize = 32;

/// Most characters of a `tracestate` that are passed on (§3.3.1.5).
const MAX_STATE_LENGTH: usize = 512;

/// Length above which a member of a long `tracestate` is removed first (§3.3.1.5).
const LONG_MEMBER: usize = 128;

/// Id of a trace: 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(NonZeroU128);

/// Id of a span: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanId(NonZeroU64);

/// The span of a caller that a request continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteParent {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) is_sampled: bool,
    pub(super) state: Option<TraceState>,
}

/// Trace context of a request.
#[derive(Debug, Clone)]
pub(crate) struct TraceContext {
    pub(super) trace: TraceId,
    /// Span of the request.
    pub(super) span: SpanId,
    /// Span of the caller, if the request continues its trace.
    pub(super) parent: Option<SpanId>,
    pub(super) is_sampled: bool,
    pub(super) state: Option<TraceState>,
}

/// Members of other tracing systems, at most [`MAX_STATE_LENGTH`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TraceState(HeaderValue);

impl TraceId {
    /// Draws a random id. It is no secret.
    pub(super) fn random() -> Self {
        Self(NonZeroU128::new(fastrand::u128(..)).unwrap_or(NonZeroU128::MIN))
    }

    /// The low bits, which are random.
    pub(super) fn low_bits(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.0.get().to_be_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl SpanId {
    /// Draws a random id. It is no secret.
    pub(super) fn random() -> Self {
        Self(NonZeroU64::new(fastrand::u64(..)).unwrap_or(NonZeroU64::MIN))
    }
}

impl RemoteParent {
    /// Reads the headers of a request. Returns `None` if there is not exactly one valid
    /// `traceparent`. An invalid `tracestate` is ignored.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(TRACE_PARENT).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return None;
        };
        let mut fields = line.to_str().ok()?.splitn(5, '-');
        let mut field = |digits| hex(fields.next()?, digits);
        let version = u8::try_from(field(2)?).ok()?;
        let trace = NonZeroU128::new(field(32)?)?;
        let span = NonZeroU64::new(u64::try_from(field(16)?).ok()?)?;
        let flags = u8::try_from(field(2)?).ok()?;
        let has_more = fields.next().is_some();
        // Later versions may append fields, and this one has none.
        if version == INVALID_VERSION || (version == 0 && has_more) {
            return None;
        }
        Some(Self {
            trace: TraceId(trace),
            span: SpanId(span),
            is_sampled: flags & SAMPLED != 0,
            state: TraceState::of(headers),
        })
    }
}

impl TraceContext {
    /// Id of the trace.
    pub(crate) fn trace(&self) -> TraceId {
        self.trace
    }

    /// The headers of a request that this span causes.
    pub(super) fn headers(&self, span: SpanId) -> Option<TraceHeaders> {
        let flags = if self.is_sampled { SAMPLED } else { 0 };
        let parent = format!("00-{}-{span}-{flags:02x}", self.trace);
        Some(TraceHeaders {
            parent: HeaderValue::try_from(parent).ok()?,
            state: self.state.as_ref().map(|state| state.0.clone()),
        })
    }
}

impl TraceState {
    /// Reads the headers of a request. Returns `None` if there is no member, or if anything is
    /// invalid. A long state loses members.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut members: Vec<(&str, &str)> = Vec::new();
        for line in headers.get_all(TRACE_STATE) {
            let line = line.to_str().ok()?.split(',');
            let line = line.map(|member| member.trim_matches([' ', '\t']));
            for member in line.filter(|member| !member.is_empty()) {
                let (key, value) = member.split_once('=')?;
                let is_new = members.iter().all(|(other, _)| *other != key);
                if members.len() == MAX_MEMBERS || !is_key(key) || !is_value(value) || !is_new {
                    return None;
                }
                members.push((key, value));
            }
        }
        let length = |member: &(&str, &str)| member.0.len() + "=".len() + member.1.len();
        let is_too_long = |members: &[_]| {
            let characters: usize = members.iter().map(length).sum();
            characters + members.len().saturating_sub(1) > MAX_STATE_LENGTH
        };
        if is_too_long(&members) {
            members.retain(|member| length(member) <= LONG_MEMBER);
        }
        while is_too_long(&members) {
            members.pop();
        }
        let members: Vec<_> = members
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let state = (!members.is_empty()).then(|| members.join(","))?;
        Some(Self(HeaderValue::try_from(state).ok()?))
    }

    /// Returns the state as text.
    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Parses a field of exactly this number of lower-case hexadecimal digits.
fn hex(field: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_number = field.len() == digits && field.bytes().all(is_digit);
    is_number.then(|| u128::from_str_radix(field, 16).ok())?
}

/// Whether a text is a key: of one system, or of a tenant of a system (§3.3.1.3.1).
fn is_key(key: &str) -> bool {
    let is_part = |part: &str, longest: usize, may_begin: fn(u8) -> bool| {
        let is_letter =
            |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/');
        part.len() <= longest
            && part.bytes().next().is_some_and(may_begin)
            && part.bytes().all(is_letter)
    };
    match key.split_once('@') {
        None => is_part(key, 256, |byte| byte.is_ascii_lowercase()),
        Some((tenant, system)) => {
            let may_begin = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            is_part(tenant, 241, may_begin) && is_part(system, 14, |byte| byte.is_ascii_lowercase())
        }
    }
}

/// Whether a text is a value: printable, without `,` and `=` (§3.3.1.3.2). Its end is no space,
/// because white space around members is removed.
fn is_value(value: &str) -> bool {
    let is_character = |byte| matches!(byte, b' '..=b'~') && byte != b'=';
    (1..=256).contains(&value.len()) && value.bytes().all(is_character)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for SpanId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn headers(name: &HeaderName, lines: &[&str]) -> HeaderMap {
        let value = |line: &&str| (name.clone(), HeaderValue::from_str(line).unwrap());
        lines.iter().map(value).collect()
    }

    /// W3C Trace Context §3.2.
    #[test]
    fn invalid_traceparent_is_ignored() {
        let zeros = "0".repeat(32);
        let (upper_trace, upper_span) = (TRACE.to_uppercase(), SPAN.to_uppercase());
        for (line, is_sampled) in [
            (format!("00-{TRACE}-{SPAN}-00"), Some(false)),
            (format!("00-{TRACE}-{SPAN}-01"), Some(true)),
            // Other flags are unknown.
            (format!("00-{TRACE}-{SPAN}-ff"), Some(true)),
            (format!("00-{TRACE}-{SPAN}-fe"), Some(false)),
            // Later versions may have more fields.
            (format!("01-{TRACE}-{SPAN}-01"), Some(true)),
            (format!("cc-{TRACE}-{SPAN}-01-what-comes-later"), Some(true)),
            (format!("cc-{TRACE}-{SPAN}-01.what"), None),
            (format!("cc-{TRACE}-{SPAN}-0"), None),
            (format!("ff-{TRACE}-{SPAN}-01"), None),
            (format!("00-{TRACE}-{SPAN}-01-"), None),
            (format!("00-{TRACE}-{SPAN}-01-more"), None),
            (format!("00-{TRACE}-{SPAN}-1"), None),
            (format!("00-{TRACE}-{SPAN}-0x"), None),
            (format!("00-{TRACE}-{SPAN}"), None),
            (format!("0-{TRACE}-{SPAN}-01"), None),
            (format!("+0-{TRACE}-{SPAN}-01"), None),
            (format!("00-{zeros}-{SPAN}-01"), None),
            (format!("00-{TRACE}-0000000000000000-01"), None),
            (format!("00-{upper_trace}-{SPAN}-01"), None),
            (format!("00-{TRACE}-{upper_span}-01"), None),
            (format!("00-{TRACE}0-{SPAN}-01"), None),
            (format!("00-{TRACE}-{SPAN}0-01"), None),
            (format!("00-.{}-{SPAN}-01", &TRACE[1..]), None),
            (format!("00_{TRACE}_{SPAN}_01"), None),
            (String::new(), None),
            ("-".repeat(55), None),
        ] {
            let parent = RemoteParent::of(&headers(&TRACE_PARENT, &[&line]));
            let sampled = parent.as_ref().map(|parent| parent.is_sampled);
            assert_eq!(sampled, is_sampled, "{line}");
            if let Some(parent) = parent {
                let ids = (parent.trace.to_string(), parent.span.to_string());
                assert_eq!(ids, (TRACE.to_owned(), SPAN.to_owned()), "{line}");
            }
        }
        let valid = format!("00-{TRACE}-{SPAN}-01");
        let twice = headers(&TRACE_PARENT, &[&valid, &valid]);
        assert_eq!(RemoteParent::of(&twice), None, "two lines");
        assert_eq!(RemoteParent::of(&HeaderMap::new()), None);
    }

    /// W3C Trace Context §3.3.
    #[test]
    fn invalid_tracestate_is_dropped() {
        let key = |length: usize| "k".repeat(length);
        let many = |count: usize| {
            let members: Vec<_> = (0..count).map(|n| format!("k{n}=1")).collect();
            members.join(",")
        };
        let (most, too_many) = (many(MAX_MEMBERS), many(MAX_MEMBERS + 1));
        let long_key = format!("{}=1", key(256));
        let too_long_key = format!("{}=1", key(257));
        let long_value = format!("k={}", key(256));
        let too_long_value = format!("k={}", key(257));
        let long_tenant = format!("{}@{}=1", key(241), key(14));
        let too_long_tenant = format!("{}@k=1", key(242));
        let too_long_system = format!("k@{}=1", key(15));
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["a=1"], Some("a=1")),
            (&["a=1,b=2", "c=3"], Some("a=1,b=2,c=3")),
            (&["a=1 \t,\t b=x y,, ,"], Some("a=1,b=x y")),
            (
                &["1a@b=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"],
                Some("1a@b=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"),
            ),
            (&["a-_*/9=1"], Some("a-_*/9=1")),
            (&[&most], Some(&most)),
            (&[&long_key], Some(&long_key)),
            (&[&long_value], Some(&long_value)),
            (&[&long_tenant], Some(&long_tenant)),
            (&[&too_many], None),
            (&[&too_long_key], None),
            (&[&too_long_value], None),
            (&[&too_long_tenant], None),
            (&[&too_long_system], None),
            (&["a=1,a=2"], None),
            (&["a=1", "a=2"], None),
            (&["A=1"], None),
            (&["1a=1"], None),
            (&["a@1=1"], None),
            (&["a@b@c=1"], None),
            (&["@b=1"], None),
            (&["a@=1"], None),
            (&["=1"], None),
            (&["a="], None),
            (&["a"], None),
            (&["a=1=2"], None),
            (&["a =1"], None),
            (&["a=b\tc"], None),
            (&["a=1;b=2"], None),
            (&[""], None),
            (&[], None),
        ];
        for (lines, expected) in cases {
            let state = TraceState::of(&headers(&TRACE_STATE, lines));
            let state = state.as_ref().map(TraceState::as_str);
            assert_eq!(state, *expected, "{lines:?}");
        }
    }

    #[test]
    fn long_tracestate_loses_long_members_then_last_ones() {
        let member = |key: &str, length: usize| format!("{key}={}", "v".repeat(length - 2));
        let state = |members: &[String]| {
            let state = TraceState::of(&headers(&TRACE_STATE, &[&members.join(",")]))?;
            Some(state.as_str().to_owned())
        };
        let long = [member("a", 200), member("b", 200), member("c", 100)];
        assert_eq!(state(&long).unwrap(), long.join(","), "502 characters");
        let longer = [&long[..], &[member("d", 100)]].concat();
        assert_eq!(state(&longer).unwrap(), longer[2..].join(","));
        let short: Vec<_> = ["a", "b", "c", "d", "e"].map(|key| member(key, 128)).into();
        assert_eq!(state(&short).unwrap(), short[..3].join(","));
    }

    #[test]
    fn headers_of_a_context_are_read_again() {
        let parent = RemoteParent {
            trace: TraceId::random(),
            span: SpanId::random(),
            is_sampled: true,
            state: Some(TraceState(HeaderValue::from_static("a=1"))),
        };
        for is_sampled in [true, false] {
            let parent = RemoteParent {
                is_sampled,
                ..parent.clone()
            };
            let context = TraceContext {
                trace: parent.trace,
                span: SpanId::random(),
                parent: None,
                is_sampled,
                state: parent.state.clone(),
            };
            let sent = context.headers(parent.span).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(TRACE_PARENT, sent.parent);
            headers.insert(TRACE_STATE, sent.state.unwrap());
            assert_eq!(RemoteParent::of(&headers), Some(parent));
        }
    }
}
