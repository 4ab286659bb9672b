//! The fields of log lines on a terminal: message, fields, and the ids of the request.

use std::fmt::{self, Debug, Write as _};

use roamd_server::RequestIds;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

use super::text_limit::MAX_TEXT;

/// Format of fields as `name=value`, with texts that are printable and bounded.
pub(super) struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line {
            writer,
            is_begun: false,
            result: Ok(()),
        };
        fields.record(&mut line);
        if let Some(ids) = RequestIds::current() {
            line.add("request", format_args!("{}", ids.request));
            if let Some(trace) = ids.trace {
                line.add("trace", format_args!("{trace}"));
            }
        }
        line.result
    }
}

/// A line that is being written.
struct Line<'w> {
    writer: Writer<'w>,
    is_begun: bool,
    /// The first error. Nothing is written after it.
    result: fmt::Result,
}

/// Writer of one text.
struct Text<'l, 'w> {
    writer: &'l mut Writer<'w>,
    /// Bytes that the text may still have. `None` after it was cut.
    left: Option<usize>,
}

impl Line<'_> {
    fn add(&mut self, name: &str, value: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = self.write(name, value);
        }
    }

    fn write(&mut self, name: &str, value: fmt::Arguments<'_>) -> fmt::Result {
        if std::mem::replace(&mut self.is_begun, true) {
            self.writer.write_char(' ')?;
        }
        match name {
            "message" => {}
            name if self.writer.has_ansi_escapes() => {
                write!(self.writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m")?;
            }
            name => write!(self.writer, "{name}=")?,
        }
        let mut text = Text {
            writer: &mut self.writer,
            left: Some(MAX_TEXT),
        };
        text.write_fmt(value)
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.add("message", format_args!("{value}")),
            name => self.add(name, format_args!("\"{value}\"")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field.name(), format_args!("{value:?}"));
    }
}

impl fmt::Write for Text<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let Some(left) = self.left else {
                return Ok(());
            };
            self.left = left.checked_sub(character.len_utf8());
            match character {
                _ if self.left.is_none() => self.writer.write_char('…')?,
                '"' | '\'' | '\\' => self.writer.write_char(character)?,
                // Control characters, and those that change the writing direction.
                _ => write!(self.writer, "{}", character.escape_debug())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;

    use super::*;
    use crate::logging::tests::Output;

    #[test]
    fn texts_on_a_terminal_are_printable_and_bounded() {
        let output = Output::default();
        let writer = output.clone();
        let logs = tracing_subscriber::fmt()
            .fmt_fields(TextFields)
            .without_time()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        with_default(logs.finish(), || {
            let hostile = "\u{202e}\u{1b}[2J\n";
            let user = "demo\\jürgen \"j\"";
            tracing::info!(target: "a", %hostile, %user, state = "open", number = 7, "Said");
            tracing::info!(target: "b", text = "ü".repeat(9_999), "{hostile}");
        });
        let written = output.text();
        let (first, rest) = written.split_once('\n').unwrap();
        let expected = " INFO a: Said hostile=\\u{202e}\\u{1b}[2J\\n user=demo\\jürgen \"j\" \
                        state=\"open\" number=7";
        assert_eq!(first, expected);
        let message = " INFO b: \\u{202e}\\u{1b}[2J\\n text=\"ü";
        assert!(
            rest.starts_with(message) && rest.ends_with("ü…\n"),
            "{rest}"
        );
        assert!(rest.len() < MAX_TEXT + 100, "{}", rest.len());
    }
}
