//! The sample messages in `data/`: all decode, and those marked `Exact` encode to the same bytes.

use std::fmt::Debug;

use roamd_nfuse_proto::*;
use roamd_xml::Encoding;

use crate::common::{identity, ima_host, mia, password, some, text, texts};

macro_rules! sample {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("data/", $name, ".xml")).as_slice(),
        )
    };
}

type Sample = (&'static str, &'static [u8]);

fn frame(major: u16, minor: u16, encoding: Encoding) -> Frame {
    Frame {
        dialect: Dialect::new(major, minor),
        encoding,
    }
}

fn utf8(major: u16, minor: u16) -> Frame {
    frame(major, minor, Encoding::Utf8)
}

fn latin1(major: u16, minor: u16) -> Frame {
    frame(major, minor, Encoding::Latin1)
}

#[test]
fn sample_requests_decode() {
    let ctx1 = || mia(PasswordEncoding::Ctx1);
    let client = || some("WI_k3Zq8Vt1_bYw0LmNe");
    let all = || texts(&["all"]);
    let ica = || texts(&["ica30"]);
    let dot = || {
        Some(HostAddress {
            kind: some("dot"),
            value: text("192.0.2.15"),
        })
    };
    let address = AddressRequest::new;
    let cases: [(Sample, Frame, AnyRequest); 18] = [
        (
            sample!("01-req-protocol-info-latin1"),
            latin1(1, 1),
            AnyRequest::ProtocolInfo(ProtocolInfoRequest { address_type: some("dns-port") }),
        ),
        (
            sample!("03-req-server-farm-data-bare-doctype"),
            utf8(4, 2),
            AnyRequest::ServerFarmData(ServerFarmDataRequest),
        ),
        (
            sample!("05-req-capabilities-empty"),
            utf8(5, 4),
            AnyRequest::Capabilities(CapabilitiesRequest),
        ),
        (
            sample!("07-req-validate-credentials-desired-info"),
            utf8(5, 1),
            AnyRequest::ValidateCredentials(ValidateCredentialsRequest {
                identity_wanted: true,
                ..ValidateCredentialsRequest::new(ctx1())
            }),
        ),
        (
            sample!("10-req-reconnect-active-and-disconnected"),
            utf8(5, 0),
            AnyRequest::ReconnectSessionData(ReconnectSessionDataRequest::new(SessionCriteria { client_name: client(), server_types: all(), client_types: ica(), ..SessionCriteria::new(ctx1()) }, [SessionType::Active, SessionType::Disconnected])),
        ),
        (
            sample!("11-req-reconnect-device-id-single-quotes"),
            utf8(4, 6),
            AnyRequest::ReconnectSessionData(ReconnectSessionDataRequest::new(SessionCriteria { device_id: some("KIOSK-07"), server_types: all(), client_types: all(), ..SessionCriteria::new(mia(PasswordEncoding::Cleartext)) }, [SessionType::Disconnected])),
        ),
        (
            sample!("12-req-reconnect-latin1-line-breaks"),
            latin1(5, 0),
            AnyRequest::ReconnectSessionData(ReconnectSessionDataRequest::new(SessionCriteria { server_types: texts(&["win32"]), client_types: ica(), ..SessionCriteria::new(Credentials::Explicit {
                    user_name: text("josé"),
                    password: Some(password("pass word", PasswordEncoding::Cleartext)),
                    domain: Some(Domain::nt("EXAMPLE")),
                }) }, [SessionType::Disconnected])),
        ),
        (
            sample!("15-req-disconnect-identity"),
            utf8(5, 8),
            AnyRequest::DisconnectUserSessions(DisconnectUserSessionsRequest(SessionSelection::new(SessionCriteria { server_types: all(), client_types: ica(), ..SessionCriteria::new(identity(&[
                    "S-1-5-21-10-20-30-1105",
                    "S-1-5-21-10-20-30-513",
                    "S-1-5-32-545",
                ])) }))),
        ),
        (
            sample!("17-req-logoff-other-order"),
            utf8(4, 1),
            AnyRequest::LogoffUserSessions(LogoffUserSessionsRequest(SessionSelection::new(SessionCriteria { client_name: client(), server_types: texts(&["win32"]), client_types: texts(&["ica30", "rdp"]), ..SessionCriteria::new(ctx1()) }))),
        ),
        (
            sample!("19-req-address-session"),
            utf8(5, 0),
            AnyRequest::Address(AddressRequest {
                client_name: client(),
                client_address: dot(),
                wanted_address_type: some("dns-port"),
                credentials: Some(ctx1()),
                client_type: some("ica30"),
                ..address(AddressName::Session(SessionName {
                    in_name: text("Paint"),
                    host_id: ima_host("40211"),
                    session_id: text("7"),
                }))
            }),
        ),
        (
            sample!("21-req-address-app-session-settings"),
            utf8(5, 8),
            AnyRequest::Address(AddressRequest {
                client_name: some("KIOSK-07"),
                client_address: dot(),
                wanted_address_type: some("dns-port"),
                credentials: Some(identity(&["S-1-5-21-10-20-30-1105"])),
                client_type: some("ica30"),
                device_id: some("KIOSK-07"),
                session_settings: Some(SessionSettings(
                    [
                        ("ColorDepth", "24bpp"),
                        ("EncryptionLevel", "basic"),
                        ("DomainName", "EXAMPLE"),
                        ("UserName", "mia"),
                        ("FarmName", ""),
                        ("SpecialFolderRedirection", "Off"),
                        ("VirtualCOMPortEmulation", "Off"),
                        ("DisplaySize", "seamless"),
                        ("TWIDisableSessionSharing", "Off"),
                        ("EnableSessionSharing", "On"),
                    ]
                    .map(|(name, value)| (text(name), text(value)))
                    .to_vec(),
                )),
                ..address(AddressName::Application(text("Paint")))
            }),
        ),
        (
            sample!("26-req-ticket"),
            utf8(5, 0),
            AnyRequest::Ticket(TicketRequest {
                ticket_type: text("CtxLogon"),
                time_to_live: Some(200),
                ..TicketRequest::new(ctx1(), "IMAHostId:40211")
            }),
        ),
        (
            sample!("28-req-launch-ref"),
            utf8(5, 4),
            AnyRequest::LaunchRef(LaunchRefRequest {
                launch_ref_type: text("ICA"),
                device_id: client(),
                session_sharing_key: some("-q4nT0yV8sKd2"),
                time_to_live: Some(200),
                ..LaunchRefRequest::new(
                    Credentials::Explicit {
                        user_name: text("mia"),
                        password: None,
                        domain: Some(Domain::nt("EXAMPLE")),
                    },
                    "IMAHostId:40211",
                )
            }),
        ),
        (
            sample!("30-req-appdata-all-users"),
            utf8(5, 0),
            AnyRequest::AppData(AppDataRequest {
                traverse: some("subtree"),
                desired_details: texts(&["defaults", "file-type"]),
                desired_icons: vec![IconForm {
                    size: text("32"),
                    bpp: text("32"),
                    format: text("raw"),
                }],
                app_names: texts(&["Ledger & Stock"]),
                server_types: all(),
                client_types: texts(&["ica30", "content"]),
                ..AppDataRequest::default()
            }),
        ),
        (
            sample!("31-req-appdata-no-prolog-wrong-case"),
            utf8(5, 5),
            AnyRequest::AppData(AppDataRequest {
                traverse: some("subtree"),
                desired_details: texts(&["permissions"]),
                server_types: all(),
                client_types: texts(&["ica30", "content"]),
                credentials: Some(ctx1()),
                client_name: some("KIOSK-07"),
                client_address: some("192.0.2.15"),
                ..AppDataRequest::default()
            }),
        ),
        (
            sample!("35-req-address-anonymous-alt-addr"),
            utf8(4, 1),
            AnyRequest::Address(AddressRequest {
                flags: texts(&["alt-addr"]),
                credentials: Some(Credentials::Anonymous),
                ..address(AddressName::Server(text("XA1")))
            }),
        ),
        // Not samples, but tolerated deviations that no sample has.
        (
            (
                "old spellings",
                b"<nfuseprotocol><requestticket><credentials><id>EXAMPLE\\mia</id></credentials>\
                  <TICKETTYPE>CtxLogon</TICKETTYPE><TicketTag>a</TicketTag>\
                  <TimeToLive> 3600 </TimeToLive><New><Ticket/></New></requestticket></nfuseprotocol>",
            ),
            utf8(1, 0),
            AnyRequest::Ticket(TicketRequest {
                ticket_type: text("CtxLogon"),
                time_to_live: Some(3600),
                ..TicketRequest::new(identity(&[]), "a")
            }),
        ),
        (
            (
                "domain without type",
                b"<NFuseProtocol version='1.1'><RequestValidateCredentials><Credentials>\
                  <Domain>EXAMPLE</Domain><UserName>mia</UserName><Password>s3cret!</Password>\
                  </Credentials></RequestValidateCredentials></NFuseProtocol>",
            ),
            utf8(1, 1),
            AnyRequest::ValidateCredentials(ValidateCredentialsRequest::new(mia(
                PasswordEncoding::Cleartext,
            ))),
        ),
    ];
    for ((name, bytes), frame, request) in cases {
        assert_eq!(decode_request(bytes), Ok((frame, request)), "{name}");
    }
}

/// Result of encoding the decoded sample, compared with the sample.
#[derive(PartialEq)]
enum Encoded {
    Exact,
    Different,
}
use Encoded::{Different, Exact};

fn check<R>(
    (name, bytes): Sample,
    frame: &Frame,
    response: Result<R::Response, FarmError>,
    encoded: &Encoded,
) where
    R: Request,
    R::Response: PartialEq + Debug,
{
    if *encoded == Exact {
        let written = encode_response(frame, &response);
        assert_eq!(
            String::from_utf8_lossy(&written),
            String::from_utf8_lossy(bytes),
            "{name}"
        );
    }
    assert_eq!(
        decode_response::<R>(bytes),
        Ok((frame.clone(), response)),
        "{name}"
    );
}

fn farm_error(id: ErrorId) -> FarmError {
    FarmError { id, native: None }
}

#[test]
fn sample_responses_without_sessions_decode() {
    check::<ProtocolInfoRequest>(
        sample!("02-res-protocol-info-latin1"),
        &latin1(1, 1),
        Ok(ProtocolInfoResponse),
        &Exact,
    );
    check::<ServerFarmDataRequest>(
        sample!("04-res-server-farm-data"),
        &latin1(1, 1),
        Ok(ServerFarmDataResponse {
            farm_names: texts(&["LAB"]),
        }),
        &Exact,
    );
    check::<CapabilitiesRequest>(
        sample!("06-res-capabilities"),
        &utf8(5, 2),
        Ok(CapabilitiesResponse {
            capabilities: vec![
                CapabilityId::SEPARATE_CREDENTIALS_VALIDATION,
                CapabilityId::LAUNCH_REFERENCE,
                CapabilityId("multi-image-icons".into()),
                CapabilityId::USER_IDENTITY,
            ],
        }),
        &Exact,
    );
    check::<ValidateCredentialsRequest>(
        sample!("08-res-validate-credentials-identity"),
        &utf8(5, 2),
        Ok(ValidateCredentialsResponse {
            identity: Some(UserIdentity {
                sam: some("EXAMPLE\\mia"),
                upn: some("mia@example.test"),
                sids: texts(&["S-1-5-21-10-20-30-1105", "S-1-5-32-545"]),
            }),
            ..ValidateCredentialsResponse::default()
        }),
        // The SAM id of the sample has no type.
        &Different,
    );
    check::<ValidateCredentialsRequest>(
        sample!("09-res-validate-credentials-failed"),
        &utf8(5, 2),
        Err(farm_error(ErrorId::FAILED_CREDENTIALS)),
        &Exact,
    );
}

#[test]
fn sample_session_responses_decode() {
    let session = |in_name: &str, server_type: &str, host: &str, id: &str| SessionEntry {
        in_name: text(in_name),
        server_type: text(server_type),
        client_type: text("ica30"),
        host_id: ima_host(host),
        session_id: text(id),
        ..SessionEntry::default()
    };
    check::<ReconnectSessionDataRequest>(
        sample!("13-res-reconnect-two-sessions"),
        &utf8(4, 7),
        Ok(ReconnectSessionDataResponse {
            sessions: vec![
                session("Paint", "win32", "40211", "7"),
                session("Ledger & Stock", "all", "51877", "2"),
            ],
        }),
        // The sample has a numeric reference for a blank.
        &Different,
    );
    check::<ReconnectSessionDataRequest>(
        sample!("14-res-reconnect-none"),
        &utf8(4, 7),
        Ok(ReconnectSessionDataResponse::default()),
        &Exact,
    );
    check::<DisconnectUserSessionsRequest>(
        sample!("16-res-disconnect-ok"),
        &utf8(4, 7),
        Ok(DisconnectUserSessionsResponse),
        &Exact,
    );
    check::<LogoffUserSessionsRequest>(
        sample!("18-res-logoff-not-trusted"),
        &utf8(5, 4),
        Err(farm_error(ErrorId::NOT_TRUSTED)),
        &Exact,
    );
}

#[test]
fn sample_launch_responses_decode() {
    let address = |kind: &str, value: &str| HostAddress {
        kind: some(kind),
        value: text(value),
    };
    let response = |server_address, ticket_tag: &str| AddressResponse {
        server_address,
        server_type: some("win32"),
        connection_type: some("tcp"),
        client_type: some("ica30"),
        ticket_tag: some(ticket_tag),
        cgp_address: Some(address("port", "2598")),
        ..AddressResponse::default()
    };
    check::<AddressRequest>(
        sample!("20-res-address-disconnected-session"),
        &utf8(4, 7),
        Ok(AddressResponse {
            farm_load_hint: some("100"),
            disconnected_session: true,
            ssl_relay_address: Some(address("dns-port", "xa1.example.test:443")),
            ..response(address("dot-port", "192.0.2.40:1494"), "IMAHostId:40211")
        }),
        &Exact,
    );
    check::<AddressRequest>(
        sample!("22-res-address-fma-with-ticket"),
        &utf8(5, 9),
        Ok(AddressResponse {
            session_sharing_key: some("-q4nT0yV8sKd2"),
            launch_ref: some("Zm9yIGV4YW1wbGUgb25seQ=="),
            ticket: some("0F1E2D3C4B5A69788796A5B4C3D2E1"),
            ..response(
                address("dns-port", "vda7.example.test:1494"),
                "opaque-tag-1",
            )
        }),
        &Exact,
    );
    let mps = NativeError::Mps {
        family: text("IMA"),
        code: text("0x80060001"),
    };
    check::<AddressRequest>(
        sample!("23-res-address-mps-error"),
        &utf8(5, 4),
        Err(FarmError {
            id: ErrorId::UNSPECIFIED,
            native: Some(mps),
        }),
        &Exact,
    );
    let browser = NativeError::Browser {
        code: text("0x0000000E"),
    };
    check::<AddressRequest>(
        sample!("24-res-address-browser-error"),
        &latin1(1, 1),
        Err(FarmError {
            id: ErrorId::UNSPECIFIED,
            native: Some(browser),
        }),
        &Exact,
    );
    check::<AddressRequest>(
        sample!("25-res-address-no-workstation"),
        &utf8(5, 9),
        Err(farm_error(ErrorId::NO_AVAILABLE_WORKSTATION)),
        &Exact,
    );
    check::<TicketRequest>(
        sample!("27-res-ticket"),
        &utf8(4, 7),
        Ok(TicketResponse {
            ticket: text("0F1E2D3C4B5A69788796A5B4C3D2E1"),
        }),
        &Exact,
    );
    check::<LaunchRefRequest>(
        sample!("29-res-launch-ref"),
        &utf8(5, 4),
        Ok(LaunchRefResponse {
            launch_ref: text("Zm9yIGV4YW1wbGUgb25seQ=="),
        }),
        &Exact,
    );
    check::<AddressRequest>(
        sample!("36-res-address-no-alt-address"),
        &utf8(4, 7),
        Err(farm_error(ErrorId::NO_ALT_ADDRESS)),
        &Exact,
    );
}

#[test]
fn sample_application_responses_decode() {
    // The encoded ones lack the settings that roamd does not use.
    check::<AppDataRequest>(
        sample!("32-res-appdata-ima-details"),
        &utf8(4, 7),
        Ok(AppDataResponse {
            leasing_status: None,
            traverse: some("onelevel"),
            applications: vec![Application {
                in_name: text("Ledger & Stock"),
                friendly_name: text("Ledger & Stock"),
                settings: Some(Settings {
                    publisher_name: text("LAB"),
                    launch: LaunchSettings {
                        width: Some(1024),
                        height: Some(768),
                        colour: Some(8),
                        window: some("pixels"),
                        scale: Some(1),
                        sound: Some(Level {
                            minimum: false,
                            value: text("none"),
                        }),
                        encryption: Some(Level {
                            minimum: true,
                            value: text("rc5-128"),
                        }),
                    },
                    ..Settings::default()
                }),
                seq_no: Some(1_206_389_369),
                server_type: some("win32"),
                client_type: some("ica30"),
                ..Application::default()
            }],
        }),
        &Different,
    );
    check::<AppDataRequest>(
        sample!("33-res-appdata-fma"),
        &utf8(5, 9),
        Ok(AppDataResponse {
            leasing_status: some("working"),
            traverse: None,
            applications: vec![Application {
                in_name: text("Paint"),
                friendly_name: text("Paint 2016"),
                seq_no: Some(-1_770_193_386),
                server_type: some("win32"),
                client_type: some("ica30"),
                permissions: some(""),
                ..Application::default()
            }],
        }),
        &Different,
    );
    check::<AppDataRequest>(
        sample!("34-res-appdata-fma-timeout"),
        &utf8(5, 9),
        Err(farm_error(ErrorId::UNSPECIFIED)),
        &Different,
    );
}

#[test]
fn documents_file_types_and_icon_forms_decode() {
    // nfuse.md §6.2
    let body = "<NFuseProtocol version='4.7'><ResponseAppData><AppDataSet><AppData>\
        <InName>Prices</InName><Details><ContentSettings appisdisabled='false'>\
        <Folder>Lists</Folder><ContentAddress> \\\\files\\prices.xls </ContentAddress>\
        </ContentSettings><IconInfo><IconType size='32' bpp='4' format='raw'/>\
        <IconType size='48' bpp='32' format='png'/></IconInfo>\
        <FileType name='sheet' isdefault='TRUE' overwrite='false'>\
        <FileExtension>.xls</FileExtension><FileExtension>.csv</FileExtension>\
        <MimeType>application/vnd.ms-excel</MimeType><Parameters>\"%1\"</Parameters>\
        </FileType><FileType/></Details><ClientType>content</ClientType></AppData>\
        </AppDataSet></ResponseAppData></NFuseProtocol>";
    let (_, read) = decode_response::<AppDataRequest>(body.as_bytes()).unwrap();
    let form = |size: &str, bpp: &str, format: &str| IconForm {
        size: text(size),
        bpp: text(bpp),
        format: text(format),
    };
    let expected = Application {
        in_name: text("Prices"),
        settings: Some(Settings {
            folder: text("Lists"),
            content_address: some("\\\\files\\prices.xls"),
            ..Settings::default()
        }),
        file_types: vec![
            FileType {
                name: text("sheet"),
                is_default: true,
                overwrite: false,
                extensions: vec![text(".xls"), text(".csv")],
                mime_types: vec![text("application/vnd.ms-excel")],
                parameters: some("\"%1\""),
            },
            FileType::default(),
        ],
        icon_forms: vec![form("32", "4", "raw"), form("48", "32", "png")],
        client_type: some("content"),
        ..Application::default()
    };
    assert_eq!(read.unwrap().applications, [expected]);
}

#[test]
fn shortcuts_and_icons_decode() {
    // nfuse.md §6.2
    let response = |content: &str| {
        let body = format!(
            "<NFuseProtocol version='5.4'><ResponseAppData><AppDataSet><AppData>\
             <InName>Paint</InName>{content}</AppData></AppDataSet></ResponseAppData>\
             </NFuseProtocol>"
        );
        decode_response::<AppDataRequest>(body.as_bytes())
    };
    let (_, read) = response(
        "<Details><Settings appisdisabled='FALSE'><AppOnDesktop value='TRUE'/>\
         <AppInStartmenu value='true' root='programs'> Office\\Tools </AppInStartmenu>\
         </Settings></Details><IconData size='32' bpp='32' format='png'>\niVBO\n Rw==\n</IconData>",
    )
    .unwrap();
    let application = &read.unwrap().applications[0];
    let settings = application.settings.as_ref().unwrap();
    assert!(settings.on_desktop && !settings.disabled);
    let start_menu = StartMenu {
        root: text("programs"),
        folder: text(r"Office\Tools"),
    };
    assert_eq!(settings.start_menu, Some(start_menu));
    assert_eq!(application.icons[0].form.size, "32");
    assert_eq!(application.icons[0].bytes, b"\x89PNG");

    let (_, read) = response(
        "<Details><Settings><AppInStartmenu value='false'>x</AppInStartmenu></Settings></Details>",
    )
    .unwrap();
    let settings = read.unwrap().applications.remove(0).settings.unwrap();
    assert_eq!((settings.start_menu, settings.on_desktop), (None, false));
}

#[test]
fn malformed_icon_is_left_out() {
    // nfuse.md §6.2
    let body = "<NFuseProtocol version='5.4'><ResponseAppData><AppDataSet>\
        <AppData><InName>Paint</InName><IconData size='32'>not base64!</IconData>\
        <IconData size='16'>iVBORw==</IconData></AppData>\
        </AppDataSet></ResponseAppData></NFuseProtocol>";
    let (_, read) = decode_response::<AppDataRequest>(body.as_bytes()).unwrap();
    let icons = &read.unwrap().applications[0].icons;
    assert_eq!((icons.len(), &*icons[0].form.size), (1, "16"));
}

#[test]
fn sta_messages_are_rejected_as_nfuse() {
    let request = sample!("37-req-sta-ticket").1;
    let response = sample!("38-res-sta-ticket").1;
    for error in [
        decode_request(request).unwrap_err(),
        decode_response::<TicketRequest>(response).unwrap_err(),
    ] {
        assert!(
            error
                .to_string()
                .contains("root element is not NFuseProtocol"),
            "{error}"
        );
    }
}

#[test]
fn request_is_utf_8_with_document_type() {
    let bytes = encode_request(Dialect::new(5, 4), &CapabilitiesRequest);
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(r#"<?xml version="1.0" encoding="UTF-8"?>"#)
    );
    assert_eq!(
        lines.next(),
        Some(r#"<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">"#)
    );
    assert_eq!(
        lines.collect::<String>(),
        r#"<NFuseProtocol version="5.4"><RequestCapabilities/></NFuseProtocol>"#
    );
}

#[test]
fn password_is_written_in_its_encoding() {
    for (encoding, expected) in [
        (
            PasswordEncoding::Ctx1,
            r#"encoding="ctx1">NGHDOFEAIGCDPEFBJBDEOFEAMEGB<"#,
        ),
        (
            PasswordEncoding::Cleartext,
            r#"encoding="cleartext">s3cret!<"#,
        ),
    ] {
        let request = ValidateCredentialsRequest::new(mia(encoding));
        let text = String::from_utf8(encode_request(Dialect::new(5, 4), &request)).unwrap();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn effect_is_change_if_sessions_or_account_may_change() {
    let criteria = SessionCriteria::new(Credentials::Anonymous);
    let list = |session_types: &[SessionType]| {
        ReconnectSessionDataRequest::new(criteria.clone(), session_types)
    };
    let selection = SessionSelection::new(criteria.clone());
    let cases = [
        (
            "disconnected",
            list(&[SessionType::Disconnected]).effect(),
            Effect::Read,
        ),
        (
            "active",
            list(&[SessionType::Active]).effect(),
            Effect::Change,
        ),
        (
            "both",
            list(&[SessionType::Disconnected, SessionType::Active]).effect(),
            Effect::Change,
        ),
        ("unnamed", list(&[]).effect(), Effect::Change),
        (
            "disconnect",
            DisconnectUserSessionsRequest(selection.clone()).effect(),
            Effect::Change,
        ),
        (
            "logoff",
            LogoffUserSessionsRequest(selection).effect(),
            Effect::Change,
        ),
        (
            "active from generation 7 on",
            HarmlessListingRequest(list(&[SessionType::Active])).effect(),
            Effect::Read,
        ),
        (
            "a password, which farms count",
            ValidateCredentialsRequest::new(Credentials::Anonymous).effect(),
            Effect::Change,
        ),
        ("capabilities", CapabilitiesRequest.effect(), Effect::Read),
        (
            "applications",
            AppDataRequest::default().effect(),
            Effect::Read,
        ),
    ];
    for (name, effect, expected) in cases {
        assert_eq!(effect, expected, "{name}");
    }
}
