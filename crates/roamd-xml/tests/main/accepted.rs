//! Accepted documents, among them unusual ones.

use roamd_xml::{Attribute, Document, Element, Encoding, Rules, parse};

use crate::{FARM, STORE};

fn store(body: impl AsRef<[u8]>) -> &'static Document<'static> {
    parsed(body.as_ref(), &STORE)
}

fn farm(body: impl AsRef<[u8]>) -> &'static Document<'static> {
    parsed(body.as_ref(), &FARM)
}

/// Parses a body and keeps it for the rest of the process.
fn parsed(body: &[u8], rules: &Rules) -> &'static Document<'static> {
    let body: &'static [u8] = body.to_vec().leak();
    Box::leak(Box::new(parse(body, rules).unwrap()))
}

fn child(element: Element<'_>, index: usize) -> Element<'_> {
    element.children().nth(index).unwrap()
}

fn attribute(element: Element<'_>, index: usize) -> Attribute<'_> {
    element.attributes().nth(index).unwrap()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn equivalent_documents_give_the_same_tree() {
    let cases: [(&str, &[u8]); 25] = [
        ("plain", b"<a>Zo&#xEB;</a>"),
        ("UTF-8", "<a>Zoë</a>".as_bytes()),
        (
            "UTF-8 with a byte order mark",
            "\u{FEFF}<?xml version='1.0'?><a>Zoë</a>".as_bytes(),
        ),
        (
            "CQ-16 standalone",
            b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?><a>Zo&#235;</a>",
        ),
        (
            "CQ-7 utf-16 declared over UTF-8",
            "<?xml version='1.0' encoding='utf-16'?><a>Zoë</a>".as_bytes(),
        ),
        (
            "SS-70 ISO-8859-1 declared over UTF-8",
            "<?xml version='1.0' encoding='ISO-8859-1'?><a>Zoë</a>".as_bytes(),
        ),
        (
            "SS-70 an unknown encoding declared",
            "<?xml version='1.0' encoding='x-user-defined'?><a>Zoë</a>".as_bytes(),
        ),
        (
            "CQ-7 junk after the encoding",
            b"<?xml version='1.0' encoding='utf-8' standalone=maybe; q=\"1\"?><a>Zo&#xEB;</a>",
        ),
        (
            "CQ-7 junk close to the encoding",
            b"<?xml version='1.0' encoding='utf-16'LE ?><a>Zo&#xEB;</a>",
        ),
        (
            "single quotes and white space",
            b"<?xml\n version = '1.0'\tencoding = \"utf-8\"\r\n?>\r\n<a>Zo&#xEB;</a>\n",
        ),
        ("version 1.7", b"<?xml version='1.7'?><a>Zo&#xEB;</a>"),
        ("white space before the root", b" \r\n\t<a>Zo&#xEB;</a>"),
        ("white space after the root", b"<a>Zo&#xEB;</a> \r\n\t"),
        (
            "comments everywhere",
            b"<!-- b --><a>Z<!-- <b> & -->o<!----><!-- - -->&#xEB;</a><!-- b -->",
        ),
        (
            "processing instructions",
            b"<?b?><a><?b c?>Z<?xml-b?>o&#xEB;</a><?b <>&?>",
        ),
        ("CDATA", b"<a>Z<![CDATA[o]]>&#xEB;</a>"),
        (
            "CDATA in two parts",
            b"<a><![CDATA[Z]]><![CDATA[o]]>&#x00EB;</a>",
        ),
        ("decimal references", b"<a>&#90;&#111;&#0235;</a>"),
        ("white space in tags", b"<a\n>Zo&#xEB;</a\t>"),
        (
            "an unknown attribute",
            b"<a b='c' xml:lang='nl'>Zo&#xEB;</a>",
        ),
        (
            "a stylesheet",
            b"<?xml version='1.0'?><?xml-stylesheet href='b'?><a>Zo&#xEB;</a>",
        ),
        (
            "UTF-16LE with a byte order mark",
            &utf16("\u{FEFF}<a>Zoë</a>", u16::to_le_bytes),
        ),
        (
            "UTF-16BE with a byte order mark",
            &utf16("\u{FEFF}<a>Zoë</a>", u16::to_be_bytes),
        ),
        (
            "CQ-8 UTF-16LE",
            &utf16(
                "<?xml version='1.0' encoding='utf-16'?><a>Zoë</a>",
                u16::to_le_bytes,
            ),
        ),
        (
            "CQ-8 UTF-16BE",
            &utf16(
                "<?xml version='1.0' encoding='utf-8'?><a>Zoë</a>",
                u16::to_be_bytes,
            ),
        ),
    ];
    for (name, body) in cases {
        let document = parse(body, &STORE).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(document.root().text(), "Zoë", "{name}");
        assert_eq!(document.root().name(), "a", "{name}");
    }
}

#[test]
fn encoding_is_detected_from_the_bytes() {
    let cases: [(&[u8], Encoding); 4] = [
        (
            b"<?xml version='1.0' encoding='utf-16'?><a/>",
            Encoding::Utf8,
        ),
        (b"\xEF\xBB\xBF<a/>", Encoding::Utf8),
        (b"<\0a\0/\0>\0", Encoding::Utf16Le),
        (b"\0<\0a\0/\0>", Encoding::Utf16Be),
    ];
    for (body, encoding) in cases {
        assert_eq!(store(body).encoding(), encoding);
    }
}

#[test]
fn declared_encoding_of_a_farm_is_used() {
    // nfuse.md §1.3. The bytes 0x80 to 0x9F are control characters in ISO-8859-1, not the quotes
    // and signs of windows-1252.
    let cases: [(&[u8], Encoding, &str); 6] = [
        (
            b"<?xml version='1.0' encoding='ISO-8859-1' ?><a>Ren\xE9 \x80</a>",
            Encoding::Latin1,
            "René \u{80}",
        ),
        (
            b"<?xml version='1.0' encoding='iso-8859-1'?><a>Ren\xE9</a>",
            Encoding::Latin1,
            "René",
        ),
        (
            b"<?xml version='1.0' encoding='utf-8'?><a>Ren\xC3\xA9</a>",
            Encoding::Utf8,
            "René",
        ),
        (
            b"<?xml version='1.0'?><a>Ren\xC3\xA9</a>",
            Encoding::Utf8,
            "René",
        ),
        (b"<a>Ren\xC3\xA9</a>", Encoding::Utf8, "René"),
        (
            b"\xFF\xFE<\0a\0>\0\xE9\0<\0/\0a\0>\0",
            Encoding::Utf16Le,
            "é",
        ),
    ];
    for (body, encoding, text) in cases {
        let document = farm(body);
        assert_eq!(
            (document.encoding(), document.root().text()),
            (encoding, text)
        );
    }
}

#[test]
fn doctype_of_a_farm_is_skipped() {
    // nfuse.md §1.3; bad input 16: the name need not be that of the root.
    for doctype in [
        "<!DOCTYPE NFuseProtocol>",
        "<!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\">",
        "<!DOCTYPE NFuseProtocol SYSTEM 'NFuse.dtd' []>",
        "<!DOCTYPE NFuseProtocol PUBLIC '-//b//c' 'http://127.0.0.1/d'\n[ ] >",
        "<!DOCTYPE Another SYSTEM 'a>b'>",
        "<!-- b --><!DOCTYPE NFuseProtocol><?b?>",
    ] {
        let root = farm(format!("<?xml version='1.0'?>\n{doctype}\n<a>Zo&#xEB;</a>")).root();
        assert_eq!(root.text(), "Zoë", "{doctype}");
    }
}

#[test]
fn names_match_by_namespace_and_not_by_prefix() {
    let default = store("<a xmlns='urn:x'><b>1</b><c/></a>").root();
    let prefixed = store("<q1:a xmlns:q1='urn:x'><q1:b>1</q1:b><q1:c/></q1:a>").root();
    for root in [default, prefixed] {
        assert!(root.is("urn:x", "a"));
        assert_eq!(root.child("b").unwrap().text(), "1");
        assert!(root.child("c").unwrap().text().is_empty());
    }
    let mixed =
        store("<a xmlns='urn:x'><b xmlns=''>0</b><b xmlns='urn:y'>0</b><b>1</b></a>").root();
    assert_eq!(mixed.child("b").unwrap().text(), "1");
    assert_eq!(mixed.all("b").count(), 1);
    assert_eq!(child(mixed, 0).namespace(), None);
}

#[test]
fn attribute_named_xmlns_with_a_prefix_declares_nothing() {
    let root = store("<a xmlns='urn:x' xmlns:p='urn:y' p:xmlns='urn:z'><b/></a>").root();
    assert!(root.is("urn:x", "a"));
    assert_eq!(child(root, 0).namespace(), Some("urn:x"));
    assert_eq!(root.attributes().len(), 1);
    assert_eq!(attribute(root, 0).namespace, Some("urn:y"));
    assert_eq!(attribute(root, 0).name, "xmlns");
    assert_eq!(attribute(root, 0).value, "urn:z");
}

#[test]
fn namespace_may_be_declared_after_its_use_and_again() {
    let root = store("<p:a p:b='' xmlns:p='urn:x'><p:c xmlns:p='urn:y'/><p:d/></p:a>").root();
    assert!(root.is("urn:x", "a"));
    assert_eq!(attribute(root, 0).namespace, Some("urn:x"));
    assert!(child(root, 0).is("urn:y", "c"));
    assert!(child(root, 1).is("urn:x", "d"));
}

#[test]
fn attributes_are_normalised_without_namespace_declarations() {
    let root = store("<a xmlns='urn:x' xmlns:p='urn:y' b=' 1\r\n&#10;&quot;&lt;' p:c='2'/>").root();
    assert_eq!(root.attributes().len(), 2);
    assert_eq!(root.attribute("b"), Some(" 1 \n\"<"));
    assert_eq!(root.attribute("c"), None);
    assert_eq!(attribute(root, 1).namespace, Some("urn:y"));
}

#[test]
fn line_ends_become_line_feeds_unless_referenced() {
    for (text, expected) in [
        ("1\r\n2\r3\n4", "1\n2\n3\n4"),
        ("1\r\r\n2\r", "1\n\n2\n"),
        ("1\r&lt;\r<![CDATA[\r]]>\r", "1\n<\n\n\n"),
        ("1&#13;2&#13;\n3&#13;\r\n4&#xD;&#xA;", "1\r2\r\n3\r\n4\r\n"),
    ] {
        assert_eq!(
            store(format!("<a>{text}</a>")).root().text(),
            expected,
            "{text:?}"
        );
    }
}

#[test]
fn elements_have_positions() {
    let root =
        store("<?xml version='1.0'?>\r\n<a>\n  é<b/><p:c xmlns:p='>'>\n</p:c>\n<d/></a>").root();
    let positions: Vec<_> = std::iter::once(root)
        .chain(root.children())
        .map(|element| (element.name(), element.position().to_string()))
        .collect();
    let expected = [("a", 2, 1), ("b", 3, 4), ("c", 3, 8), ("d", 5, 1)]
        .map(|(name, line, column)| (name, format!("line {line}, column {column}")));
    assert_eq!(positions, expected);
    let prolog = "<?xml\nversion='1.0'?> <!DOCTYPE\na> <!--\n-->";
    let root = farm(format!("{prolog}<a/>")).root();
    assert_eq!(root.position().to_string(), "line 4, column 4");
}

#[test]
fn document_at_a_limit_is_accepted() {
    let limits = STORE.limits;
    let depth = format!(
        "{}{}",
        "<a>".repeat(limits.depth),
        "</a>".repeat(limits.depth)
    );
    let attributes: String = (0..limits.attributes)
        .map(|n| format!(" a{n}=''"))
        .collect();
    let namespaces: String = (0..limits.namespaces)
        .map(|n| format!(" xmlns:a{n}='b'"))
        .collect();
    let long = "n".repeat(limits.namespace_bytes);
    let group = format!("<a>{}</a>", "<b/>".repeat(limits.children - 1));
    for body in [
        depth,
        format!("<a{attributes}/>"),
        format!("<a{namespaces}><b/></a>"),
        format!("<a xmlns='{long}'/>"),
        format!("<a>{}</a>", "<b/>".repeat(limits.children)),
        format!(
            "<a>{}</a>",
            group.repeat(limits.elements / limits.children - 1)
        ),
        format!("<a>{}</a>", "b".repeat(limits.bytes - "<a></a>".len())),
        format!("<a>{}</a>", "b<?c?>".repeat(2 * limits.elements - 1)),
    ] {
        store(body);
    }
}

#[test]
fn debug_of_a_document_hides_texts_and_values() {
    let shown = format!("{:?}", store("<a b='hush'>hush<c>hush</c></a>"));
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn text_around_children_is_joined_and_each_child_keeps_its_own() {
    let root = store("<a>1&lt;<b>2<c>3&amp;</c>4</b><![CDATA[5]]><d/>6<e>7</e></a>").root();
    let text = |path: &[&str]| {
        path.iter()
            .fold(root, |element, name| element.child(name).unwrap())
            .text()
    };
    let paths: [&[&str]; 5] = [&[], &["b"], &["b", "c"], &["d"], &["e"]];
    assert_eq!(paths.map(text), ["1<56", "24", "3&", "", "7"]);
    let counts = |element: Element<'_>| (element.children().count(), element.descendants().count());
    assert_eq!((counts(root), counts(child(root, 0))), ((3, 4), (1, 1)));
    let names: Vec<_> = root.descendants().map(Element::name).collect();
    assert_eq!(names, ["b", "c", "d", "e"]);
    let inner: Vec<_> = root.descendants().map(counts).collect();
    assert_eq!(inner, [(1, 1), (0, 0), (0, 0), (0, 0)]);
}

/// Of an indented element, whose text is its children.
#[test]
fn indentation_is_no_text_of_an_element_with_children() {
    for (body, text) in [
        ("<a> <b/> </a>", ""),
        ("<a>\n  <b/>\n  <b/>\n</a>", ""),
        ("<a> <b/>x</a>", "x"),
        ("<a>x<b/> <b/>y</a>", "x y"),
        ("<a>x <b/> </a>", "x  "),
        ("<a>x<!-- --> <b/></a>", "x "),
        ("<a>&#32; <b/></a>", "  "),
        ("<a><![CDATA[ ]]><b/></a>", " "),
        ("<a> </a>", " "),
        ("<a> <!-- --> </a>", "  "),
        ("<a> <![CDATA[]]></a>", " "),
    ] {
        assert_eq!(store(body).root().text(), text, "{body}");
    }
}
