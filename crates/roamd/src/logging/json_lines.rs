//! Log lines in JSON: time, level, the fields of the event, the ids of the request, and target.
//!
//! A busy server writes one line per request. The format of `tracing_subscriber` passes each word
//! of a line through four writers; this one builds the line in a buffer.

use std::fmt::{self, Debug, Write as _};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use roamd_server::{PrintableJson, RequestIds};
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::text_limit::MAX_TEXT;

/// Capacity of a line, in bytes. Most are shorter: an access line with the calls of a farm has 350.
const CAPACITY: usize = 512;

/// Format of the time: UTC, with microseconds.
const TIME: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// Format of one JSON object per line.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::with_capacity(32);
        TIME.print_timestamp(&Timestamp::now(), &mut time)
            .map_err(|_| fmt::Error)?;
        let mut object = Object::new();
        object.add_text("timestamp", &time);
        object.add_text("level", event.metadata().level().as_str());
        event.record(&mut object);
        if let Some(ids) = RequestIds::current() {
            object.add("request", &ids.request);
            if let Some(trace) = &ids.trace {
                object.add("trace", trace);
            }
        }
        object.add_text("target", event.metadata().target());
        writer.write_str(str::from_utf8(&object.finish()?).map_err(|_| fmt::Error)?)
    }
}

/// An object that is written.
struct Object {
    line: Vec<u8>,
    /// The value that was formatted last.
    formatted: String,
    /// Whether a value could not be written.
    has_failed: bool,
}

impl Object {
    fn new() -> Self {
        Self {
            line: Vec::with_capacity(CAPACITY),
            formatted: String::new(),
            has_failed: false,
        }
    }

    /// Adds a value that is written as its type says.
    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.begin(name);
        let printable = PrintableJson::new(MAX_TEXT);
        let mut serializer = serde_json::Serializer::with_formatter(&mut self.line, printable);
        self.has_failed |= value.serialize(&mut serializer).is_err();
    }

    /// Adds a text. Nearly all texts are written as they are.
    fn add_text(&mut self, name: &str, text: &str) {
        if text.len() > MAX_TEXT || !text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
            return self.add(name, text);
        }
        self.begin(name);
        self.line.push(b'"');
        self.line.extend_from_slice(text.as_bytes());
        self.line.push(b'"');
    }

    fn begin(&mut self, name: &str) {
        let before: &[u8] = match self.line.is_empty() {
            true => b"{\"",
            false => b",\"",
        };
        self.line.extend_from_slice(before);
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    /// Returns the line.
    fn finish(mut self) -> Result<Vec<u8>, fmt::Error> {
        self.line.extend_from_slice(b"}\n");
        match self.has_failed {
            true => Err(fmt::Error),
            false => Ok(self.line),
        }
    }
}

impl Visit for Object {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut formatted = std::mem::take(&mut self.formatted);
        formatted.clear();
        self.has_failed |= write!(formatted, "{value:?}").is_err();
        self.add_text(field.name(), &formatted);
        self.formatted = formatted;
    }
}

/// Whether JSON has a byte as it is: printable ASCII, and no quote or backslash.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tracing::subscriber::with_default;

    use super::*;
    use crate::logging::tests::Output;

    /// Writes events, and returns the lines.
    fn lines(events: impl FnOnce()) -> String {
        let output = Output::default();
        let writer = output.clone();
        let logs = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(move || writer.clone());
        with_default(logs.finish(), events);
        output.text()
    }

    #[test]
    fn texts_are_printable_and_bounded() {
        let hostile = "\u{202e}\u{1b}[2J\u{9b}\n\u{2028}ü";
        let long = "x".repeat(100_000);
        let written = lines(|| {
            tracing::warn!(%hostile, text = long, other = &*"\u{fc}".repeat(9_999), "{hostile}");
        });
        let (end, line) = written.as_bytes().split_last().unwrap();
        assert_eq!(*end, b'\n');
        assert!(line.iter().all(|byte| (b' '..=b'~').contains(byte)));
        assert!(line.len() < 2 * MAX_TEXT + 500, "{}", line.len());
        let line: Value = serde_json::from_slice(line).unwrap();
        assert_eq!(
            (&line["hostile"], &line["message"]),
            (&json!(hostile), &json!(hostile))
        );
        assert_eq!(line["text"], json!("x".repeat(MAX_TEXT) + "…"));
    }

    #[test]
    fn event_becomes_one_line_with_all_fields_in_order() {
        let written = lines(|| {
            let error = "line 1\nline \"2\" \u{7}é";
            tracing::warn!(target: "a", number = 7_u64, yes = true, %error, text = "<&>", "Said");
            tracing::info!(target: "b", "Said again");
        });
        let lines: Vec<_> = written.lines().collect();
        let [first, second] = lines[..] else {
            panic!("{written}");
        };
        let mut first: Value = serde_json::from_str(first).unwrap();
        let time = first["timestamp"].take();
        let time = time.as_str().unwrap();
        assert!(time.parse::<Timestamp>().is_ok(), "{time}");
        assert_eq!(time.len(), "2026-01-02T03:04:05.678901Z".len(), "{time}");
        let expected = json!({
            "timestamp": null, "level": "WARN", "message": "Said", "number": 7, "yes": true,
            "error": "line 1\nline \"2\" \u{7}é", "text": "<&>", "target": "a",
        });
        assert_eq!(first, expected);
        assert!(second.starts_with(r#"{"timestamp":""#), "{second}");
        let rest = r#","level":"INFO","message":"Said again","target":"b"}"#;
        assert!(second.ends_with(rest), "{second}");
    }
}
