use roamd_xml::{Layout, Writer};

const IMA: Layout = Layout::Indented { first: 4, step: 2 };

fn ima() -> Writer {
    let mut writer = Writer::new(IMA);
    writer.prolog(r#"<?xml version="1.0" encoding="UTF-8" ?>"#);
    writer.prolog(r#"<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">"#);
    writer
}

#[test]
fn an_empty_answer_of_an_ima_farm_has_its_exact_bytes() {
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
