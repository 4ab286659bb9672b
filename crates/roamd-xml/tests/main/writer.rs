use roamd_xml::{Layout, Writer};

const IMA: Layout = Layout::Indented { first: 4, step: 2 };

fn ima() -> Writer {
    let mut writer = Writer::new(IMA);
    writer.prolog(r#"<?xml version="1.0" encoding="UTF-8" ?>"#);
    writer.prolog(r#"<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">"#);
    writer
}

#[test]
fn empty_ima_response_matches_the_captured_bytes() {
    // nfuse.md §1.3: 206 bytes, as captured.
    let mut writer = ima();
    writer.open("NFuseProtocol", &[("version", "4.7")]);
    writer.open("ResponseDisconnectUserSessions", &[]);
    let bytes = writer.finish();
    assert_eq!(bytes.len(), 206);
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        r#"<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">
<NFuseProtocol version="4.7">
    <ResponseDisconnectUserSessions>
    </ResponseDisconnectUserSessions>
</NFuseProtocol>
"#
    );
}

#[test]
fn ima_layout_indents_by_four_and_then_by_two() {
    let mut writer = ima();
    writer.open("NFuseProtocol", &[("version", "4.7")]);
    writer.open("ResponseTicket", &[]);
    writer.leaf("Ticket", &[], "0F1E2D3C4B5A69788796A5B4C3D2E1");
    let bytes = writer.finish();
    assert_eq!(bytes.len(), 228);
    assert!(String::from_utf8(bytes).unwrap().contains(
        "\n    <ResponseTicket>\n      <Ticket>0F1E2D3C4B5A69788796A5B4C3D2E1</Ticket>\n    </ResponseTicket>\n"
    ));
}

#[test]
fn empty_elements_are_written_in_three_forms() {
    let mut writer = Writer::new(Layout::Compact);
    writer.open("a", &[]);
    writer.leaf("b", &[("c", "1")], "");
    writer.pair("b", &[("c", "1")], "");
    writer.open("d", &[]);
    writer.close();
    assert_eq!(writer.finish(), b"<a><b c=\"1\"/><b c=\"1\"></b><d/></a>");
}

#[test]
fn compact_layout_adds_no_white_space_after_the_prolog() {
    let mut writer = Writer::new(Layout::Compact);
    writer.prolog("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    writer.open("a", &[]);
    writer.open("b", &[]);
    writer.leaf("c", &[], "1");
    assert_eq!(
        writer.finish(),
        b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a><b><c>1</c></b></a>"
    );
}

#[test]
fn special_characters_are_written_as_references() {
    // SS-69 and nfuse.md §1.3.
    for (value, text, attribute) in [
        ("a&b<c>d", "a&amp;b&lt;c&gt;d", "a&amp;b&lt;c&gt;d"),
        ("\"'", "\"'", "&quot;&apos;"),
        ("\t\n", "\t\n", "&#x9;&#xA;"),
        ("\r", "&#xD;", "&#xD;"),
        ("é€😀", "&#xE9;&#x20AC;&#x1F600;", "&#xE9;&#x20AC;&#x1F600;"),
        (
            "\u{0}\u{B}\u{FFFE}",
            "&#xFFFD;&#xFFFD;&#xFFFD;",
            "&#xFFFD;&#xFFFD;&#xFFFD;",
        ),
        ("\u{7F}\u{80}", "\u{7F}&#x80;", "\u{7F}&#x80;"),
    ] {
        let mut writer = Writer::new(Layout::Compact);
        writer.leaf("a", &[("b", value)], value);
        let written = String::from_utf8(writer.finish()).unwrap();
        assert_eq!(written, format!("<a b=\"{attribute}\">{text}</a>"));
    }
}

#[test]
fn debug_of_a_writer_hides_its_output() {
    let mut writer = Writer::new(Layout::Compact);
    writer.leaf("Password", &[], "hush");
    assert!(!format!("{writer:?}").contains("hush"));
}
