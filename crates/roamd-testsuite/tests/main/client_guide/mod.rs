//! `docs/clients.md`: its commands print what it says, and its samples are those of the encoders.

mod samples;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{fs, str};

use regex::Regex;
use roamd_store_proto::schemas;
use roamd_testsuite::{STORE_PATH, TestEnvironment};
use secrecy::ExposeSecret;

use self::samples::{Sample, form_post, samples};
use crate::support::without_layout;

const GUIDE: &str = include_str!("../../../../../docs/clients.md");

/// Address of the server in the document.
const DOCUMENTED_SERVER: &str = "http://127.0.0.1:8080";

/// Stands for a value that differs each time, in documented output.
const VARIES: char = '…';

/// Separates the output of two blocks of commands.
const SEPARATOR: char = '\u{1e}';

/// A fenced block of the document.
struct Block<'g> {
    language: &'g str,
    text: &'g str,
}

/// Returns the fenced blocks of the document, in order.
fn blocks() -> Vec<Block<'static>> {
    let fence = Regex::new(r"(?ms)^```([a-z]+)\n(.*?)^```$").unwrap();
    let found = fence.captures_iter(GUIDE).map(|block| {
        let (_, [language, text]) = block.extract();
        Block { language, text }
    });
    found.collect()
}

/// Returns each block of commands with the output that the document gives for it: the next block,
/// if that is a text.
fn commands() -> Vec<(&'static str, &'static str)> {
    let blocks = blocks();
    let next = blocks.iter().skip(1).map(Some).chain([None]);
    blocks
        .iter()
        .zip(next)
        .filter(|(block, _)| block.language == "sh")
        .map(|(block, next)| {
            let output = next.filter(|next| next.language == "text");
            (block.text, output.map_or("", |output| output.text))
        })
        .collect()
}

/// Returns whether an output is the documented one, with any text for each [`VARIES`].
fn is_documented(output: &str, documented: &str) -> bool {
    let pattern = regex::escape(documented).replace(VARIES, "[^\n]+");
    Regex::new(&format!("^{pattern}$"))
        .unwrap()
        .is_match(output)
}

#[tokio::test]
async fn documented_commands_print_the_documented_output() {
    let env = TestEnvironment::demo().await;
    let commands = commands();
    let script: String = commands
        .iter()
        .map(|(block, _)| format!("{block}printf '{SEPARATOR}'\n"))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let ran = tokio::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("ROAMD_STORE", env.url(STORE_PATH))
        .env_remove("ROAMD_USER")
        .env_remove("ROAMD_PASSWORD")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let printed = str::from_utf8(&ran.stdout)
        .unwrap()
        .replace(&env.url(""), DOCUMENTED_SERVER);
    let mut outputs = printed.split(SEPARATOR);
    for ((block, documented), output) in commands.iter().zip(outputs.by_ref()) {
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert!(
            is_documented(output, documented),
            "the commands\n\n{block}\nprint\n\n{output}\ninstead of\n\n{documented}\n{errors}"
        );
    }
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(outputs.next(), Some(""), "nothing follows the last block");
    let sessions = [
        "XA1 MSPaint disconnected -",
        "CVAD Excel disconnected -",
        "CVAD Win11Desktop disconnected -",
    ];
    assert_eq!(env.sessions("alice"), sessions, "after the log off");
}

#[test]
fn documented_output_matches_only_with_values_for_ellipses() {
    for (output, documented, expected) in [
        ("", "", true),
        ("id=a.b\n", "id=…\n", true),
        ("id=\n", "id=…\n", false),
        ("id=a\nb\n", "id=…\n", false),
        ("axb\n", "a.b\n", false),
        ("200\nmore\n", "200\n", false),
    ] {
        let found = is_documented(output, documented);
        assert_eq!(found, expected, "{output:?} for {documented:?}");
    }
}

/// Returns the `xml` blocks of the document, each with the message that it shows.
fn documented_samples() -> Vec<(&'static str, Sample)> {
    let blocks = blocks();
    let texts = blocks.iter().filter(|block| block.language == "xml");
    let texts: Vec<_> = texts.map(|block| block.text).collect();
    let samples = samples();
    assert_eq!(texts.len(), samples.len(), "samples of docs/clients.md");
    texts.into_iter().zip(samples).collect()
}

#[test]
fn documented_samples_are_those_of_the_encoders() {
    for (text, sample) in documented_samples() {
        let encoded = str::from_utf8(&sample.encoded).unwrap();
        assert_eq!(without_layout(text), without_layout(encoded));
        if let Some(recode) = sample.recode {
            let recoded = recode(text.as_bytes()).unwrap();
            assert_eq!(str::from_utf8(&recoded).unwrap(), encoded);
        }
    }
    let post = form_post().to_url_encoded();
    let block = format!("```text\n{}\n```", post.expose_secret());
    assert!(GUIDE.contains(&block), "docs/clients.md needs:\n{block}");
}

#[test]
fn documented_samples_meet_the_published_schemas() {
    let folder = tempfile::tempdir().unwrap();
    for (text, sample) in documented_samples() {
        let output = validate(folder.path(), sample.schema, text);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}\n{text}");
    }
}

#[test]
fn message_table_has_every_media_type_and_schema() {
    let rows: Vec<_> = GUIDE.lines().filter(|it| it.starts_with('|')).collect();
    for Sample {
        media_type, schema, ..
    } in samples()
    {
        let schema = schema_link(schema);
        let end = format!("| `{media_type}` | {schema} |");
        let is_there = rows.iter().any(|row| row.ends_with(&end));
        assert!(is_there, "docs/clients.md needs a row with {end}");
    }
    for schema in schemas::ALL {
        let link = schema_link(schema.name);
        assert!(GUIDE.contains(&link), "docs/clients.md needs {link}");
    }
}

fn schema_link(name: &str) -> String {
    format!("[{name}](../crates/roamd-store-proto/schemas/{name})")
}

/// Validates a document with xmllint against a published schema.
fn validate(folder: &Path, schema: &str, text: &str) -> Output {
    let (xsd, xml) = (folder.join(schema), folder.join("sample.xml"));
    fs::write(&xsd, schemas::by_name(schema).unwrap().text).unwrap();
    fs::write(&xml, text).unwrap();
    Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .args([xsd, xml])
        .output()
        .unwrap_or_else(|error| panic!("{error}; `cargo xtask test` installs xmllint"))
}
