//! `[tracing]`: traces of requests, and where they are sent.

use roamd_nfuse_proto::transport::ControllerUrl;
use toml::de::DeValue;

use crate::reader::key::{DefaultKey, Key};
use crate::reader::section::Section;
use crate::reader::value::{boolean, name, number};
use crate::sections::controllers;

/// Parts of [`SampleRatio`].
const MILLION: u32 = 1_000_000;

const OTLP_ENDPOINT: Key<ControllerUrl> = Key {
    name: "otlp_endpoint",
    read: |value| {
        let form = "has to be scheme, host and port, such as \"http://127.0.0.1:4318\"; the server \
                    appends /v1/traces";
        controllers::endpoint(value, form)
    },
};

const SAMPLE_RATIO: DefaultKey<SampleRatio> = DefaultKey {
    name: "sample_ratio",
    default: || SampleRatio(MILLION),
    read: ratio,
};

const MAX_SPANS_PER_SECOND: DefaultKey<u32> = DefaultKey {
    name: "max_spans_per_second",
    default: || 1000,
    read: |value| number(value, 1..=10_000),
};

const SERVICE_NAME: DefaultKey<String> = DefaultKey {
    name: "service_name",
    default: || "roamd".into(),
    read: name,
};

const SEND_TO_FARMS: DefaultKey<bool> = DefaultKey {
    name: "send_to_farms",
    default: || false,
    read: boolean,
};

/// Traces of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracing {
    /// Receiver of spans by OTLP over HTTP; `None` if there is none.
    pub otlp_endpoint: Option<ControllerUrl>,
    /// Part of the new traces that is recorded.
    pub sample_ratio: SampleRatio,
    /// Most spans that are sent in a second, and that wait to be sent.
    pub max_spans_per_second: u32,
    /// Name of the service in the traces.
    pub service_name: String,
    /// Whether controllers and ticket authorities get the trace context of requests.
    pub send_to_farms: bool,
}

/// A part of all traces, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleRatio(u32);

impl SampleRatio {
    /// Returns whether a trace with these random bits belongs to the part. Servers with the same
    /// ratio decide alike.
    #[must_use]
    pub fn contains(self, bits: u64) -> bool {
        bits % u64::from(MILLION) < u64::from(self.0)
    }
}

impl Default for Tracing {
    fn default() -> Self {
        Section::defaults(values)
    }
}

/// Reads the section.
pub(crate) fn read(root: &mut Section<'_>) -> Tracing {
    let mut section = root.section("tracing", "[tracing]");
    let tracing = values(&mut section);
    section.finish();
    tracing
}

fn values(section: &mut Section<'_>) -> Tracing {
    Tracing {
        otlp_endpoint: section.optional(&OTLP_ENDPOINT),
        sample_ratio: section.value(&SAMPLE_RATIO),
        max_spans_per_second: section.value(&MAX_SPANS_PER_SECOND),
        service_name: section.value(&SERVICE_NAME),
        send_to_farms: section.value(&SEND_TO_FARMS),
    }
}

/// Reads a number from 0 to 1 with up to six decimal places.
fn ratio(value: &DeValue<'_>) -> Result<SampleRatio, String> {
    let written = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => Some(integer.as_str()),
        DeValue::Float(float) => Some(float.as_str()),
        _ => None,
    };
    written
        .and_then(millionths)
        .filter(|parts| *parts <= MILLION)
        .map(SampleRatio)
        .ok_or_else(|| {
            "has to be a number from 0 to 1 with at most six decimal places, such as 0.05".into()
        })
}

/// Returns a decimal number in millionths.
fn millionths(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{decimals:0<6}");
    let is_number = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    is_number.then(|| {
        digits
            .parse::<u32>()
            .ok()
            .map(|part| whole * MILLION + part)
    })?
}
