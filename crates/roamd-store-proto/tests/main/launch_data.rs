//! Launch data, store-services.md §4.3.

use roamd_store_proto::{LaunchData, LaunchErrorId, RemedyHint, RetryReason};
use roamd_xml::FaultKind;
use secrecy::ExposeSecret;

use crate::{ascii, compact, fault};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/launch";

#[test]
fn launch_success_round_trips() {
    // ST-40, ST-41, ST-43, CQ-61, CQ-62
    let example = include_str!("data/launch_data-success.xml");
    let data = LaunchData::from_xml(example.as_bytes()).unwrap();
    assert_eq!(ascii(data.to_xml()), compact(example));
    let LaunchData::Success { ica, logon_ticket } = data else {
        panic!("no success");
    };
    let ica = ica.expose_secret();
    assert!(ica.starts_with("[Encoding]\nInputEncoding=UTF8\n\n[WFClient]\n"));
    assert!(ica.ends_with("\nTitle=Ledger\n"));
    assert_eq!(logon_ticket.unwrap().expose_secret(), "0F51C2D9A8B74E60B1");
}

#[test]
fn launch_retry_round_trips() {
    // ST-44, ST-45, ST-47, CQ-64
    let example = include_str!("data/launch_data-retry.xml");
    let data = LaunchData::from_xml(example.as_bytes()).unwrap();
    assert_eq!(ascii(data.to_xml()), compact(example));
    let LaunchData::Retry {
        url, after, reason, ..
    } = data
    else {
        panic!("no retry");
    };
    assert!(url.ends_with("/launch/ica/k41x9"));
    assert_eq!((after, reason), (Some(15), RetryReason::RESUMING));
}

#[test]
fn launch_failure_round_trips() {
    // ST-48, ST-50, CQ-65; ST-51: the remedy hint is the last child.
    let example = include_str!("data/launch_data-failure.xml");
    let data = LaunchData::from_xml(example.as_bytes()).unwrap();
    assert_eq!(ascii(data.to_xml()), compact(example));
    let LaunchData::Failure { id, text, remedy } = data else {
        panic!("no failure");
    };
    assert_eq!(id, LaunchErrorId::WORKSTATION_IN_MAINTENANCE);
    assert_eq!(text, "This desktop is in maintenance. Try again later.");
    assert_eq!(remedy, Some(RemedyHint::RESTART_DESKTOP));
}

#[test]
fn ica_file_is_escaped_text_and_keeps_its_line_ends() {
    // ST-41: a client reads the text node only, so there is no CDATA.
    let ica = "[WFClient]\r\nTitle=<\u{fc}> & ]]>\r\n";
    let data = LaunchData::Success {
        ica: ica.into(),
        logon_ticket: None,
    };
    let written = data.to_xml();
    match LaunchData::from_xml(&written).unwrap() {
        LaunchData::Success {
            ica: read,
            logon_ticket: None,
        } => {
            assert_eq!(read.expose_secret(), ica);
        }
        other => panic!("{other:?}"),
    }
    insta::assert_snapshot!(ascii(written), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <launch xmlns="http://citrix.com/delivery-services/1-0/launch" status="success"><result type="ica"><ica>[WFClient]&#xD;
    Title=&lt;&#xFC;&gt; &amp; ]]&gt;&#xD;
    </ica></result></launch>
    "#);
}

#[test]
fn launch_retry_without_delay_and_reason_is_accepted() {
    let url = "<url>http://a/</url>";
    let read = |retry: &str| {
        LaunchData::from_xml(
            format!(
                "<launch xmlns='{NAMESPACE}' status='retry'><result type='retry'>\
                 <retry>{retry}</retry></result></launch>"
            )
            .as_bytes(),
        )
    };
    let data = read(url).unwrap();
    let LaunchData::Retry {
        after: None,
        reason,
        ..
    } = &data
    else {
        panic!("{data:?}");
    };
    assert_eq!(*reason, RetryReason::UNKNOWN);
    insta::assert_snapshot!(ascii(data.to_xml()), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <launch xmlns="http://citrix.com/delivery-services/1-0/launch" status="retry"><result type="retry"><retry><url>http://a/</url><reason>unknown</reason></retry></result></launch>
    "#);
    assert_eq!(
        fault(read(&format!("{url}<after>soon</after>"))),
        (
            "launch/result/retry/after".to_owned(),
            FaultKind::Unexpected {
                expected: "a whole number of seconds"
            }
        )
    );
}

#[test]
fn launch_data_not_matching_its_status_is_rejected() {
    for (status, content, path, kind) in [
        (
            "success",
            "<error/>",
            "launch/result/ica",
            FaultKind::Missing,
        ),
        (
            "success",
            "<ica> </ica>",
            "launch/result/ica",
            FaultKind::Empty,
        ),
        (
            "retry",
            "<retry/>",
            "launch/result/retry/url",
            FaultKind::Missing,
        ),
        (
            "failure",
            "<error/>",
            "launch/result/error/id",
            FaultKind::Missing,
        ),
        (
            "failure",
            "<error><id/></error>",
            "launch/result/error/id",
            FaultKind::Empty,
        ),
        (
            "done",
            "",
            "launch/@status",
            FaultKind::Unexpected {
                expected: "success, retry or failure",
            },
        ),
    ] {
        let text = format!(
            "<launch xmlns='{NAMESPACE}' status='{status}'><result>{content}</result></launch>"
        );
        let read = LaunchData::from_xml(text.as_bytes());
        assert_eq!(fault(read), (path.to_owned(), kind), "{status} {content}");
    }
}

#[test]
fn debug_of_launch_data_hides_ica_file_and_ticket() {
    let example = include_bytes!("data/launch_data-success.xml");
    let debug = format!("{:?}", LaunchData::from_xml(example).unwrap());
    assert!(!debug.contains("0F51C2D9A8B74E60B1") && !debug.contains("Ledger"));
}
