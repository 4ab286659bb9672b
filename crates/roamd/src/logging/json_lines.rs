//! Log lines in JSON: time, level, the fields of the event, the ids of the request, and target.
//!
//! A busy server writes one line per request. The format of `tracing_subscriber` passes each word
//! of a line through four writers; this one builds the line in a buffer.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use roamd_server::{PrintableJson, RequestIds};
use serde::Serializer as _;
use serde::ser::SerializeMap as _;
use tracing::{Event, Metadata, Subscriber};
use tracing_serde::{AsSerde as _, SerdeMapVisitor};
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
        let mut line = Vec::with_capacity(CAPACITY);
        write_object(&mut line, &time, event).map_err(|_| fmt::Error)?;
        line.push(b'\n');
        writer.write_str(str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

fn write_object(line: &mut Vec<u8>, time: &str, event: &Event<'_>) -> serde_json::Result<()> {
    let metadata: &Metadata<'_> = event.metadata();
    let printable = PrintableJson::new(MAX_TEXT);
    let mut serializer = serde_json::Serializer::with_formatter(line, printable);
    let mut object = serializer.serialize_map(None)?;
    object.serialize_entry("timestamp", time)?;
    object.serialize_entry("level", &metadata.level().as_serde())?;
    let mut fields = SerdeMapVisitor::new(object);
    event.record(&mut fields);
    let mut object = fields.take_serializer()?;
    if let Some(ids) = RequestIds::current() {
        object.serialize_entry("request", &ids.request)?;
        if let Some(trace) = &ids.trace {
            object.serialize_entry("trace", trace)?;
        }
    }
    object.serialize_entry("target", metadata.target())?;
    object.end()
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
