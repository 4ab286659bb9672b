//! Rejected documents and their errors.

use roamd_xml::ErrorKind::{self, *};
use roamd_xml::{Rules, XmlLimits, parse};

use crate::{FARM, STORE};

/// Asserts that the body is rejected with this kind of error at this line and column.
fn assert_rejected(name: &str, body: &[u8], rules: &Rules, kind: &ErrorKind, at: (u64, u64)) {
    let Err(error) = parse(body, rules) else {
        panic!("{name} is accepted")
    };
    assert_eq!(&error.kind, kind, "{name}");
    assert_eq!((error.at.line, error.at.column), at, "{name}: {error}");
}

#[test]
fn body_without_an_element_is_rejected() {
    // Bad inputs 1 to 3.
    let before = NotWellFormed("text before the root element");
    for (body, kind, at) in [
        ("", Empty, (1, 1)),
        (" \r\n\t", Empty, (1, 1)),
        ("\u{FEFF}", Empty, (1, 1)),
        ("<", Truncated, (1, 1)),
        ("hello", before.clone(), (1, 1)),
        ("\n&#32;<a/>", before.clone(), (2, 1)),
        ("<![CDATA[]]><a/>", before, (1, 1)),
        ("<?xml version='1.0'?>", Truncated, (1, 22)),
        ("<!-- a -->", Truncated, (1, 11)),
    ] {
        assert_rejected(body, body.as_bytes(), &STORE, &kind, at);
    }
}

#[test]
fn incomplete_document_is_truncated() {
    for (body, at) in [
        ("<a>", (1, 4)),
        ("<a>\n<b></b>", (2, 8)),
        ("<a>text", (1, 8)),
        ("<a", (1, 1)),
        ("<a>\n<b", (2, 1)),
        ("<a b='", (1, 1)),
        ("<a></a", (1, 4)),
        ("<a><!-- ", (1, 4)),
        ("<a><![CDATA[ ]]", (1, 4)),
        ("<a><?b ", (1, 4)),
    ] {
        assert_rejected(body, body.as_bytes(), &STORE, &Truncated, at);
    }
}

#[test]
fn content_after_the_root_is_rejected() {
    // Bad input 23.
    for (body, at) in [
        ("<a/><b/>", (1, 5)),
        ("<a></a>\n<a></a>", (2, 1)),
        ("<a/>text", (1, 5)),
        ("<a/>&#32;", (1, 5)),
        ("<a/><![CDATA[]]>", (1, 5)),
        ("<a/><!-- b -->\u{0}", (1, 15)),
    ] {
        assert_rejected(body, body.as_bytes(), &STORE, &TrailingContent, at);
        assert_rejected(body, body.as_bytes(), &FARM, &TrailingContent, at);
    }
}

#[test]
fn bytes_invalid_in_their_encoding_are_rejected() {
    // Bad inputs 7 to 9, CQ-22.
    let utf8 = Charset { encoding: "UTF-8" };
    let utf16 = Charset { encoding: "UTF-16" };
    type Case<'c> = (&'c str, &'c [u8], &'c Rules, ErrorKind, (u64, u64));
    let cases: [Case<'_>; 12] = [
        (
            "ISO-8859-1",
            b"<a>\nRen\xE9</a>",
            &STORE,
            utf8.clone(),
            (2, 4),
        ),
        (
            "ISO-8859-1, declared but not believed",
            b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xE9</a>",
            &STORE,
            utf8.clone(),
            (1, 47),
        ),
        (
            "ISO-8859-1, not declared",
            b"<a>\xE9</a>",
            &FARM,
            utf8.clone(),
            (1, 4),
        ),
        (
            "an overlong form",
            b"<a>\xC0\xBC</a>",
            &STORE,
            utf8.clone(),
            (1, 4),
        ),
        (
            "a surrogate",
            b"<a>\xED\xA0\x80</a>",
            &STORE,
            utf8.clone(),
            (1, 4),
        ),
        ("a cut character", b"<a>\xC3", &STORE, utf8, (1, 4)),
        (
            "half a unit",
            b"<\0a\0/\0>\0\n",
            &STORE,
            utf16.clone(),
            (1, 5),
        ),
        (
            "half a pair",
            b"<\0a\0>\0\x00\xD8<\0/\0a\0>\0",
            &STORE,
            utf16,
            (1, 4),
        ),
        (
            "UTF-7",
            b"<?xml version='1.0' encoding='UTF-7'?><a/>",
            &FARM,
            UnsupportedEncoding,
            (1, 1),
        ),
        (
            "UTF-16 that is not",
            b"<?xml version='1.0' encoding='utf-16'?><a/>",
            &FARM,
            UnsupportedEncoding,
            (1, 1),
        ),
        (
            "windows-1252",
            b"<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>",
            &FARM,
            UnsupportedEncoding,
            (1, 1),
        ),
        (
            "a mark against the declaration",
            b"\xEF\xBB\xBF<?xml version='1.0' encoding='iso-8859-1'?><a/>",
            &FARM,
            ContradictedEncoding,
            (1, 1),
        ),
    ];
    for (name, body, rules, kind, at) in cases {
        assert_rejected(name, body, rules, &kind, at);
    }
}

#[test]
fn doctype_of_a_client_is_rejected() {
    // SS-27; bad inputs 11 to 16.
    for doctype in [
        "<!DOCTYPE a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'http://127.0.0.1/'>]>",
        "<!DOCTYPE a [<!ENTITY % b 'c'> %b;]>",
        "<!doctype a>",
        "<!DOCTYPE>",
    ] {
        let body = format!("<?xml version='1.0'?>\n{doctype}<a/>");
        assert_rejected(doctype, body.as_bytes(), &STORE, &Doctype, (2, 1));
    }
}

#[test]
fn doctype_of_a_farm_with_declarations_is_rejected() {
    // nfuse.md §1.3; bad inputs 11 to 15.
    let malformed = NotWellFormed("malformed document type declaration");
    let misplaced = NotWellFormed("misplaced document type declaration");
    for (body, kind, at) in [
        (
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            InternalSubset,
            (1, 1),
        ),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", InternalSubset, (1, 1)),
        ("\n<!DOCTYPE a [%b;]><a/>", InternalSubset, (2, 1)),
        (
            "<!DOCTYPE a SYSTEM 'b' [<!ELEMENT a ANY>]><a/>",
            InternalSubset,
            (1, 1),
        ),
        ("<!DOCTYPE a [<!-- -->]><a/>", InternalSubset, (1, 1)),
        ("<!DOCTYPE a SYSTEM><a/>", malformed.clone(), (1, 1)),
        ("<!doctype a><a/>", malformed, (1, 1)),
        ("<!DOCTYPE a><!DOCTYPE a><a/>", misplaced.clone(), (1, 13)),
        ("<a>\n<!DOCTYPE a></a>", misplaced, (2, 1)),
        ("<a/><!DOCTYPE a>", TrailingContent, (1, 5)),
        ("<!DOCTYPE a SYSTEM 'b'", Truncated, (1, 1)),
        (
            "<!DOCTYPE a SYSTEM '\u{FFFE}'><a/>",
            NotWellFormed("character that XML does not allow"),
            (1, 21),
        ),
    ] {
        assert_rejected(body, body.as_bytes(), &FARM, &kind, at);
    }
}

#[test]
fn undeclared_entity_is_rejected() {
    let body = "<a>&b;</a>";
    let kind = NotWellFormed("entity is not declared");
    assert_rejected(body, body.as_bytes(), &STORE, &kind, (1, 4));
}

#[test]
fn document_over_a_limit_is_rejected() {
    // Bad inputs 17 to 20 and 30.
    let limits = STORE.limits;
    let numbered = |count: usize, prefix: &str| -> String {
        (0..count).map(|n| format!(" {prefix}{n}='b'")).collect()
    };
    let deep = "<a>".repeat(100_000 / 8);
    let nested: String = (0..2900).map(|n| format!("<a xmlns:p{n}='b'>")).collect();
    let long = "n".repeat(limits.namespace_bytes + 1);
    let group = format!("<b>{}</b>", "<c/>".repeat(limits.children - 1));
    let cases = [
        ("depth", deep, TooDeep { limit: 32 }, (1, 97)),
        (
            "attributes",
            format!("<a{}/>", numbered(33, "c")),
            TooManyAttributes { limit: 32 },
            (1, 1),
        ),
        (
            "many attributes",
            format!("<a{}/>", numbered(5_000, "c")),
            TooManyAttributes { limit: 32 },
            (1, 1),
        ),
        (
            "namespaces",
            format!("<a{}/>", numbered(17, "xmlns:c")),
            TooManyNamespaces { limit: 16 },
            (1, 1),
        ),
        (
            "nested namespaces",
            nested,
            TooManyNamespaces { limit: 16 },
            (1, 263),
        ),
        (
            "a long namespace",
            format!("<a xmlns='{long}'/>"),
            NamespaceTooLong { limit: 256 },
            (1, 1),
        ),
        (
            "children",
            format!("<a>\n{}</a>", "<b/>".repeat(257)),
            TooManyChildren { limit: 256 },
            (2, 1025),
        ),
        (
            "elements",
            format!("<a>{}</a>", group.repeat(16)),
            TooManyElements { limit: 4096 },
            (1, 16428),
        ),
        (
            "texts and instructions",
            format!("<a>{}</a>", "b<?c?>".repeat(2 * limits.elements)),
            TooManyElements { limit: 4096 },
            (1, 49_150),
        ),
        (
            "bytes",
            format!("<a>{}</a>", "b".repeat(limits.bytes)),
            TooLarge { limit: 65536 },
            (1, 1),
        ),
        (
            "nothing but bytes",
            " ".repeat(limits.bytes + 1),
            TooLarge { limit: 65536 },
            (1, 1),
        ),
    ];
    for (name, body, kind, at) in cases {
        let body = body.get(..limits.bytes + 1).unwrap_or(&body);
        assert_rejected(name, body.as_bytes(), &STORE, &kind, at);
    }
}

#[test]
fn malformed_declaration_is_rejected() {
    let kind = NotWellFormed("malformed XML declaration");
    for body in [
        "<?xml?><a/>",
        "<?xml ?><a/>",
        "<?xml encoding='utf-8'?><a/>",
        "<?xml version='2.0'?><a/>",
        "<?xml version='1.'?><a/>",
        "<?xml version='1.0 '?><a/>",
        "<?xml version='1.0\"?><a/>",
        "<?xml version='1.0'encoding='utf-8'?><a/>",
        "<?xml version='1.0' encoding=' utf-8'?><a/>",
        "<?xml version='1.0' encoding='a/b'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>",
        "<?xml version='1.0' encoding='utf-8' <a/>",
        "<?xml version='1.0' junk?><a/>",
    ] {
        assert_rejected(body, body.as_bytes(), &STORE, &kind, (1, 1));
        assert_rejected(body, body.as_bytes(), &FARM, &kind, (1, 1));
    }
    let kind_of_control = NotWellFormed("character that XML does not allow");
    let control = b"<?xml version='1.0' encoding='utf-8' \x00?><a/>";
    assert_rejected("control", control, &STORE, &kind_of_control, (1, 38));
    let junk = b"<?xml version='1.0' encoding='utf-8' junk?><a/>";
    assert_rejected("junk from a farm", junk, &FARM, &kind, (1, 1));
}

#[test]
fn document_that_is_not_well_formed_is_rejected() {
    // Bad inputs 10, 21, 22, 24 and 25.
    let cases = [
        ("<a>\u{0}</a>", "character that XML does not allow", (1, 4)),
        ("<a>\u{1F}</a>", "character that XML does not allow", (1, 4)),
        (
            "<a>\u{FFFF}</a>",
            "character that XML does not allow",
            (1, 4),
        ),
        (
            "<a>&#0;</a>",
            "reference to a character that does not exist",
            (1, 4),
        ),
        (
            "<a>&#xD800;</a>",
            "reference to a character that does not exist",
            (1, 4),
        ),
        (
            "<a>&#x110000;</a>",
            "reference to a character that does not exist",
            (1, 4),
        ),
        (
            "<a b='&#xDFFF;'/>",
            "reference to a character that does not exist",
            (1, 1),
        ),
        ("<a>&#xFFFF;</a>", "malformed reference", (1, 4)),
        ("<a b='&#1;'/>", "malformed reference", (1, 1)),
        ("<a>1 & 2</a>", "reference without an end", (1, 6)),
        ("<a b='1 & 2'/>", "reference without an end", (1, 1)),
        ("<a>&;</a>", "malformed reference", (1, 4)),
        ("<a b='<'/>", "`<` in an attribute value", (1, 1)),
        ("<a>]]></a>", "`]]>` in text", (1, 4)),
        (
            "<a b='1' b='2'/>",
            "attribute is given twice in one tag",
            (1, 1),
        ),
        (
            "<a xmlns:p='x' xmlns:q='x' p:b='' q:b=''/>",
            "attribute is given twice in one tag",
            (1, 35),
        ),
        (
            "<a xmlns='x' xmlns='y'/>",
            "attribute is given twice in one tag",
            (1, 1),
        ),
        ("<p:a/>", "prefix is not declared", (1, 2)),
        ("<a p:b=''/>", "prefix is not declared", (1, 4)),
        ("<a xmlns:p=''/>", "prefix is bound to no namespace", (1, 1)),
        (
            "<a xmlns:xmlns='x'/>",
            "reserved prefix is declared",
            (1, 1),
        ),
        (
            "<a xmlns:xml='x'/>",
            "reserved prefix or namespace is misused",
            (1, 1),
        ),
        ("<:a/>", "malformed name", (1, 2)),
        ("<a:b:c xmlns:a='x'/>", "malformed name", (1, 2)),
        ("<1/>", "malformed name", (1, 2)),
        ("<a></b>", "end tag does not match its start tag", (1, 4)),
        (
            "<a></a></a>",
            "end tag does not match its start tag",
            (1, 8),
        ),
        (
            "<p:a xmlns:p='x' xmlns:q='x'></q:a>",
            "end tag does not match its start tag",
            (1, 30),
        ),
        ("<a b/>", "malformed attribute", (1, 1)),
        ("<a b='1'c='2'/>", "malformed attribute", (1, 1)),
        ("<a b='1' / >", "malformed attribute", (1, 1)),
        ("<a\u{A0}b='1'/>", "malformed name", (1, 2)),
        ("<a \u{300}b='1'/>", "malformed name", (1, 4)),
        ("<a b:='1'/>", "malformed name", (1, 4)),
        ("<a p:xmlns='x'/>", "prefix is not declared", (1, 4)),
        (
            "<a><b xmlns:p='x'/><p:b/></a>",
            "prefix is not declared",
            (1, 21),
        ),
        (
            "<xml:a/>",
            "reserved prefix or namespace is misused",
            (1, 2),
        ),
        (
            "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
            "reserved prefix or namespace is misused",
            (1, 1),
        ),
        (
            "<a b='\u{FFFE}'/>",
            "character that XML does not allow",
            (1, 7),
        ),
        (
            "<a><![CDATA[\u{1}]]></a>",
            "character that XML does not allow",
            (1, 13),
        ),
        (
            "<!--\n\u{1F}--><a/>",
            "character that XML does not allow",
            (2, 1),
        ),
        (
            "<a><?b \u{FFFF}?></a>",
            "character that XML does not allow",
            (1, 8),
        ),
        ("<a b=c/>", "malformed attribute", (1, 1)),
        ("<a><!-- -- --></a>", "`--` in a comment", (1, 4)),
        ("<a><!-- ---></a>", "`--` in a comment", (1, 4)),
        ("<a><!b></a>", "unknown markup", (1, 4)),
        (
            "<a><?xml version='1.0'?></a>",
            "XML declaration is not at the start",
            (1, 4),
        ),
        (
            " <?xml version='1.0'?><a/>",
            "XML declaration is not at the start",
            (1, 2),
        ),
        (
            "<a><?XML b?></a>",
            "target of a processing instruction is not allowed",
            (1, 4),
        ),
        (
            "<a><?b:c d?></a>",
            "target of a processing instruction is not allowed",
            (1, 4),
        ),
        (
            "<a><?b+c?></a>",
            "target of a processing instruction is not a name",
            (1, 4),
        ),
        (
            "<a><? ?></a>",
            "target of a processing instruction is not a name",
            (1, 4),
        ),
        (
            "\u{FEFF}\u{FEFF}<a/>",
            "text before the root element",
            (1, 1),
        ),
        (
            "<?xml version='1.0'?>\u{FEFF}<a/>",
            "text before the root element",
            (1, 22),
        ),
    ];
    for (body, rule, at) in cases {
        assert_rejected(body, body.as_bytes(), &STORE, &NotWellFormed(rule), at);
        assert_rejected(body, body.as_bytes(), &FARM, &NotWellFormed(rule), at);
    }
}

#[test]
fn error_text_has_rule_and_position_but_no_value() {
    let error = parse(b"<a>\n<b>hush</hush></a>", &STORE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not well-formed: end tag does not match its start tag at line 2, column 8"
    );
}

#[test]
fn tree_of_hostile_document_is_bounded() {
    // The limit is a multiple of the length, so that a shorter document shows the same.
    let rules = Rules::nfuse(XmlLimits::RESPONSE);
    let bytes = rules.limits.bytes / 8;
    let filled = |unit: &str| {
        let group = format!("<g>{}</g>", unit.repeat(100_000 / unit.len()));
        format!("<a>{}</a>", group.repeat((bytes - 7) / group.len()))
    };
    let attributes: String = ('a'..='z').map(|name| format!(" {name}=\"\"")).collect();
    for unit in [format!("<b{attributes}/>"), "<b/>".to_owned()] {
        let document = filled(&unit);
        let error = parse(document.as_bytes(), &rules).unwrap_err();
        let limit = rules.limits.tree_bytes(document.len());
        assert_eq!(error.kind, TreeTooLarge { limit }, "{unit}");
    }
    // A list of the shortest entries, with one element more than the lists of nodes double at.
    let entry = "<AppData><HostId>9</HostId><SessionId>1</SessionId></AppData>";
    let list = format!("<a>{}</a>", entry.repeat((1 << 15) / 3 + 1));
    let tree = parse(list.as_bytes(), &rules).unwrap().memory();
    assert!(tree > 4 * list.len(), "{tree}");
    // A document that is as dense has a small tree while it is short.
    let short = format!("<a>{}</a>", "<b/>".repeat(1_000));
    assert!(parse(short.as_bytes(), &rules).is_ok());
    // Texts with references are copied.
    let copied = filled("<b>&lt;&gt; is text</b>");
    let tree = parse(copied.as_bytes(), &rules).unwrap().memory();
    assert!(tree <= rules.limits.tree_bytes(copied.len()), "{tree}");
}
