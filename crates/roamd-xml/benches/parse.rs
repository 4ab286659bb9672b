//! Parsing and writing of typical messages, and parsing of the most expensive bodies of 64 KiB.
//!
//! Each of the latter must take at most 5 ms.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use roamd_xml::{Layout, Rules, Writer, XmlLimits, parse};

const STORE: Rules = Rules::store(XmlLimits::REQUEST);

const FARM: Rules = Rules::nfuse(XmlLimits::RESPONSE);

const SESSION_PARAMETERS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<sessionParams xmlns="http://citrix.com/delivery-services/2-0/sessionparams">
  <clientName>WR_kitchen-tablet</clientName>
  <deviceId>WR_kitchen-tablet</deviceId>
  <includeActiveSessions>true</includeActiveSessions>
  <appSessionsOnly>false</appSessionsOnly>
</sessionParams>"#;

fn typical(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, rules, body) in [
        ("session parameters", STORE, SESSION_PARAMETERS.to_owned()),
        ("farm response with 2 sessions", FARM, farm_response(2)),
        ("farm response of 1 MiB", FARM, farm_response(1940)),
    ] {
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &body, |bencher, body| {
            bencher.iter(|| parse(black_box(body.as_bytes()), &rules));
        });
    }
}

fn hostile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse 64 KiB");
    for (name, mut body) in expensive_bodies() {
        body.truncate(XmlLimits::REQUEST.bytes);
        group.bench_with_input(BenchmarkId::from_parameter(name), &body, |bencher, body| {
            bencher.iter(|| parse(black_box(body), &STORE));
        });
    }
}

fn writing(criterion: &mut Criterion) {
    criterion.bench_function("write a response with 20 sessions", |bencher| {
        bencher.iter(|| farm_response(black_box(20)));
    });
}

/// Returns a response of an IMA farm, like the sample of nfuse.md with two sessions.
fn farm_response(sessions: usize) -> String {
    let mut writer = Writer::new(Layout::Indented { first: 4, step: 2 });
    writer.prolog(r#"<?xml version="1.0" encoding="UTF-8" ?>"#);
    writer.prolog(r#"<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">"#);
    writer.open("NFuseProtocol", &[("version", "5.2")]);
    writer.open("ResponseReconnectSessionData", &[]);
    writer.open("AppDataSet", &[]);
    for session in 0..sessions {
        let host = format!("192.0.2.{}", session % 256);
        writer.open("AppData", &[("type", "session")]);
        writer.leaf("SessionId", &[], &session.to_string());
        writer.leaf("HostId", &[("type", "dot")], &host);
        writer.leaf("InName", &[], "Notes & Müsli");
        writer.leaf("DataType", &[], "app");
        writer.open("Details", &[]);
        writer.open("Settings", &[]);
        writer.leaf("ServerType", &[], "win32");
        writer.leaf("ClientType", &[], "ica30");
        writer.close();
        writer.close();
        writer.close();
    }
    String::from_utf8(writer.finish()).unwrap_or_default()
}

/// Returns bodies that are valid up to their last byte, or refused as late as possible.
fn expensive_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let full = |open: &str, piece: &str, close: &str| {
        let room = XmlLimits::REQUEST.bytes - open.len() - close.len();
        format!("{open}{}{close}", piece.repeat(room / piece.len())).into_bytes()
    };
    // The maximum of elements: 16 times 255 with their parents, and the root.
    let many_elements = |piece: &str| format!("<a>{}</a>", piece.repeat(254)).repeat(16);
    let numbered = |count: usize, name: &str| {
        (0..count).fold(String::new(), |mut all, n| {
            // Writing to a string cannot fail.
            let _ = write!(all, "{name}{n}='b'");
            all
        })
    };
    let bindings = numbered(15, " xmlns:p");
    let attributes = numbered(32, " a");
    let long_namespace = format!("<r xmlns='{}'>", "n".repeat(256));
    let rebinding = "<a xmlns:p='urn:x'>".repeat(3400);
    vec![
        (
            "elements up to their limit",
            format!("<r>{}</r>", many_elements("<a/>")).into_bytes(),
        ),
        (
            "elements in 16 namespaces",
            format!(
                "<r xmlns='urn:d'{bindings}>{}</r>",
                many_elements("<p9:a/>")
            )
            .into_bytes(),
        ),
        (
            "elements in a long namespace",
            format!("{long_namespace}{}</r>", many_elements("<a/>")).into_bytes(),
        ),
        (
            "elements with 32 attributes",
            full("<r>", &format!("<a{attributes}/>"), "</r>"),
        ),
        (
            "7,000 attributes",
            format!("<a{}/>", numbered(7000, " a")).into_bytes(),
        ),
        (
            "3,000 namespaces in one tag",
            format!("<a{}/>", numbered(3000, " xmlns:a")).into_bytes(),
        ),
        ("one attribute 12,000 times", full("<a", " a=''", "/>")),
        (
            "a namespace in each of 2,900 nested tags",
            rebinding.into_bytes(),
        ),
        ("16,000 elements", "<a/>".repeat(16_000).into_bytes()),
        ("22,000 nested tags", "<a>".repeat(22_000).into_bytes()),
        ("text", full("<r>", "text ", "</r>")),
        ("text that is not ASCII", full("<r>", "ä€😀", "</r>")),
        (
            "16-bit text",
            full("<r>", "x", "</r>")
                .iter()
                .take(32_768)
                .flat_map(|byte| [*byte, 0])
                .collect(),
        ),
        ("character references", full("<r>", "&#1;", "</r>")),
        ("good character references", full("<r>", "&#9;", "</r>")),
        ("entity references", full("<r>", "&lt;", "</r>")),
        ("unfinished references", full("<r>", "&", "</r>")),
        ("references in an attribute", full("<r a='", "&lt;", "'/>")),
        (
            "unfinished references in an attribute",
            full("<r a='", "&", ";'/>"),
        ),
        ("white space in an attribute", full("<r a='", "\r\n", "'/>")),
        ("carriage returns", full("<r>", "\r", "</r>")),
        ("CDATA sections", full("<r>", "<![CDATA[]]>", "</r>")),
        (
            "CDATA that nearly ends",
            full("<r><![CDATA[", "]]", "]]></r>"),
        ),
        ("text that nearly ends CDATA", full("<r>", "]>", "</r>")),
        ("comments", full("<r>", "<!---->", "</r>")),
        (
            "a comment that nearly ends",
            full("<r><!--", "- ", "--></r>"),
        ),
        ("processing instructions", full("<r>", "<?a?>", "</r>")),
        (
            "an instruction that nearly ends",
            full("<r><?a ", "? ", "?></r>"),
        ),
        ("a long name", full("<", "n", "/>")),
        ("a long prefix", full("<", "n", ":a/>")),
        ("line breaks", full("<r>", "\n", "</r>")),
        ("an error on the last line", full("<r>", "\n", "</s>")),
        (
            "an XML declaration",
            full("<?xml version='1.0' encoding='a'", " ", "?><a/>"),
        ),
        (
            "a document type",
            full("<!DOCTYPE a [", "<!ENTITY b 'c'>", "]><a/>"),
        ),
    ]
}

criterion_group!(benches, typical, hostile, writing);
criterion_main!(benches);
