//! Malformed messages and tolerated deviations.

use roamd_nfuse_proto::{
    AddressRequest, AnyRequest, AppDataRequest, CapabilitiesRequest, DecodeError, Dialect,
    DisconnectUserSessionsRequest, ErrorId, FarmError, LARGEST_REQUEST, LaunchRefRequest,
    ReconnectSessionDataRequest, Request, ServerDataRequest, TicketRequest,
    ValidateCredentialsRequest, decode_request, decode_response,
};
use roamd_xml::ErrorKind;

use crate::common::text;

/// Returns the error text without the position.
fn error_text(error: DecodeError) -> String {
    match error {
        DecodeError::Xml(error) => error.kind.to_string(),
        DecodeError::Message(fault) => format!("{}: {}", fault.path, fault.kind),
        DecodeError::UnknownRequest(_) => error.to_string(),
    }
}

const USER: &str = "<Credentials><UserName>mia</UserName></Credentials>";
const FILTERS: &str = "<ServerType>all</ServerType><ClientType>ica30</ClientType>";

#[test]
fn frame_without_a_single_request_is_rejected() {
    let cases = [
        ("", "document is empty"),
        (
            "<CtxSTAProtocol version='4.0'><RequestTicket/></CtxSTAProtocol>",
            "NFuseProtocol: root element is not NFuseProtocol",
        ),
        (
            "<NFuseProtocol xmlns='urn:x'><RequestCapabilities/></NFuseProtocol>",
            "NFuseProtocol: root element is not NFuseProtocol",
        ),
        (
            "<RequestCapabilities/>",
            "NFuseProtocol: root element is not NFuseProtocol",
        ),
        (
            "<NFuseProtocol version='5.4'/>",
            "NFuseProtocol/Request…: required element is missing",
        ),
        (
            "<NFuseProtocol><ResponseCapabilities/></NFuseProtocol>",
            "NFuseProtocol/Request…: required element is missing",
        ),
        (
            "<NFuseProtocol><RequestCapabilities/><RequestCapabilities/></NFuseProtocol>",
            "NFuseProtocol: more than one request",
        ),
        (
            "<NFuseProtocol><RequestCapabilities/><requestsomething/></NFuseProtocol>",
            "NFuseProtocol: more than one request",
        ),
        (
            "<NFuseProtocol><RequestAltAddress/></NFuseProtocol>",
            "request RequestAltAddress is not served",
        ),
        (
            "<NFuseProtocol version='5'><RequestCapabilities/></NFuseProtocol>",
            "NFuseProtocol: value is not a version such as 5.4",
        ),
        (
            "<NFuseProtocol version='+5.4'><RequestCapabilities/></NFuseProtocol>",
            "NFuseProtocol: value is not a version such as 5.4",
        ),
        (
            "<NFuseProtocol version='5.99999'><RequestCapabilities/></NFuseProtocol>",
            "NFuseProtocol: value is not a version such as 5.4",
        ),
    ];
    for (message, expected) in cases {
        let error = decode_request(message.as_bytes()).unwrap_err();
        assert_eq!(error_text(error), expected, "{message}");
    }
}

#[test]
fn unknown_request_name_is_truncated_in_the_error() {
    let message = format!(
        "<NFuseProtocol><Request{}/></NFuseProtocol>",
        "x".repeat(5000)
    );
    let DecodeError::UnknownRequest(unknown) = decode_request(message.as_bytes()).unwrap_err()
    else {
        panic!("it is unknown");
    };
    assert_eq!(unknown.name().len(), 64);
    let error = FarmError::from(ErrorId::UNSPECIFIED);
    assert_eq!(unknown.refusal(Dialect::new(5, 4), &error), None);
}

#[test]
fn doctype_with_declarations_is_rejected() {
    let body = "<NFuseProtocol><RequestCapabilities/></NFuseProtocol>";
    let accepted = [
        "<!DOCTYPE NFuseProtocol>",
        "<!DOCTYPE NFuseProtocol SYSTEM 'NFuse.dtd'>",
        "<!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\"[]>",
        "<!DOCTYPE NFuseProtocol SYSTEM \"http://192.0.2.1/NFuse.dtd\" [ ]>",
    ];
    for doctype in accepted {
        let decoded = decode_request(format!("{doctype}{body}").as_bytes());
        assert!(
            matches!(decoded, Ok((_, AnyRequest::Capabilities(_)))),
            "{doctype} {decoded:?}"
        );
    }
    let refused = [
        "<!DOCTYPE NFuseProtocol [<!ENTITY a 'b'>]>",
        "<!DOCTYPE NFuseProtocol SYSTEM 'NFuse.dtd' [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE NFuseProtocol [<!ENTITY % a SYSTEM 'http://192.0.2.1/'> %a;]>",
        "<!DOCTYPE NFuseProtocol [<!ELEMENT NFuseProtocol ANY>]>",
    ];
    for doctype in refused {
        let request = format!("{doctype}{body}");
        let response = request.replace("Request", "Response");
        for error in [
            decode_request(request.as_bytes()).unwrap_err(),
            decode_response::<CapabilitiesRequest>(response.as_bytes()).unwrap_err(),
        ] {
            let DecodeError::Xml(error) = error else {
                panic!("{doctype}: {error:?}")
            };
            assert_eq!(error.kind, ErrorKind::InternalSubset, "{doctype}");
        }
    }
}

#[test]
fn request_with_missing_or_repeated_elements_is_rejected() {
    let reconnect = "RequestReconnectSessionData";
    let cases = [
        (
            reconnect,
            text(FILTERS),
            "Credentials: required element is missing",
        ),
        (
            reconnect,
            format!("{USER}<ClientType>all</ClientType>"),
            "ServerType: required element is missing",
        ),
        (
            reconnect,
            format!("{USER}<ServerType>all</ServerType><ClientType/>"),
            "ClientType: required element is missing",
        ),
        (
            reconnect,
            format!("{USER}{USER}{FILTERS}"),
            "Credentials: parameter is given more than once",
        ),
        (
            reconnect,
            format!("{USER}{FILTERS}<ClientName>A</ClientName><clientname>B</clientname>"),
            "clientname: parameter is given more than once",
        ),
        (
            reconnect,
            format!("{USER}{FILTERS}<SessionType>all</SessionType>"),
            "SessionType: value is not active or disconnected",
        ),
        (
            reconnect,
            format!("<Credentials/>{FILTERS}"),
            "Credentials: value is not exactly one of a user name, an identity, a group and \
             AnonymousUser",
        ),
        (
            reconnect,
            format!(
                "<Credentials><UserName>mia</UserName><AnonymousUser/></Credentials>\
             {FILTERS}"
            ),
            "Credentials: value is not exactly one of a user name, an identity, a group and \
             AnonymousUser",
        ),
        (
            reconnect,
            format!("<Credentials><UserName> </UserName></Credentials>{FILTERS}"),
            "Credentials/UserName: value is empty",
        ),
        (
            reconnect,
            format!("<Credentials><ID type='x'>mia</ID></Credentials>{FILTERS}"),
            "Credentials: value is not an identity with a SAM name, a UPN or a SID",
        ),
        (
            reconnect,
            format!(
                "<Credentials><ID>A\\a</ID><ID type='sam'>A\\b</ID></Credentials>\
             {FILTERS}"
            ),
            "Credentials/ID: parameter is given more than once",
        ),
        (
            reconnect,
            format!(
                "<Credentials><UserName>mia</UserName>\
             <Password encoding='rsa56'>x</Password></Credentials>{FILTERS}"
            ),
            "Credentials/Password: value is not encoded as cleartext or ctx1",
        ),
        (
            reconnect,
            format!(
                "<Credentials><UserName>mia</UserName>\
             <Password encoding='ctx1'>MEG</Password></Credentials>{FILTERS}"
            ),
            "Credentials/Password: value is not ctx1 text",
        ),
        (
            "RequestDisconnectUserSessions",
            text(USER),
            "ServerType: required element is missing",
        ),
        (
            "RequestLogoffUserSessions",
            text(FILTERS),
            "Credentials: required element is missing",
        ),
        (
            "RequestAddress",
            text(USER),
            "Name: required element is missing",
        ),
        (
            "RequestAddress",
            text("<Name/>"),
            "Name: value is not exactly one application, session, server or farm name",
        ),
        (
            "RequestAddress",
            text("<Name><AppName>A</AppName><ServerName>B</ServerName></Name>"),
            "Name: value is not exactly one application, session, server or farm name",
        ),
        (
            "RequestAddress",
            text(
                "<Name><SessionName><SessionId>7</SessionId></SessionName>\
             </Name>",
            ),
            "Name/SessionName/HostId: required element is missing",
        ),
        (
            "RequestAddress",
            text(
                "<Name><SessionName><HostId>1</HostId><HostId>2</HostId>\
             <SessionId>7</SessionId></SessionName></Name>",
            ),
            "Name/SessionName/HostId: parameter is given more than once",
        ),
        (
            "RequestTicket",
            format!("{USER}<TicketType>CtxLogon</TicketType>"),
            "TicketTag: required element is missing",
        ),
        (
            "RequestTicket",
            format!(
                "{USER}<TicketType>CtxLogon</TicketType>\
             <TicketTag>a</TicketTag><TimeToLive>-1</TimeToLive>"
            ),
            "TimeToLive: value is not a number of seconds",
        ),
        (
            "RequestLaunchRef",
            format!("{USER}<TicketTag>a</TicketTag>"),
            "LaunchRefType: required element is missing",
        ),
        (
            "RequestServerData",
            String::new(),
            "ServerType: required element is missing",
        ),
        (
            "RequestAppData",
            String::new(),
            "ServerType: required element is missing",
        ),
        (
            "RequestChangePassword",
            "<Credentials><UserName>mia</UserName><Password>old</Password></Credentials>"
                .to_owned(),
            "NewPassword: required element is missing",
        ),
        (
            "RequestValidateCredentials",
            String::new(),
            "Credentials: required element is missing",
        ),
    ];
    for (request, children, expected) in cases {
        let message = format!("<NFuseProtocol><{request}>{children}</{request}></NFuseProtocol>");
        let error = decode_request(message.as_bytes()).unwrap_err();
        assert_eq!(
            error_text(error),
            format!("NFuseProtocol/{request}/{expected}"),
            "{message}"
        );
    }
}

#[test]
fn fault_has_path_and_position() {
    let message =
        "<NFuseProtocol>\n  <RequestTicket>\n    <Credentials/></RequestTicket></NFuseProtocol>";
    let error = decode_request(message.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with("NFuseProtocol/RequestTicket/Credentials: "),
        "{error}"
    );
    assert!(error.ends_with("(line 3, column 5)"), "{error}");
}

#[test]
fn error_id_anywhere_makes_an_error() {
    let cases = [
        "<ResponseDisconnectUserSessions><ErrorId>not-trusted</ErrorId></ResponseDisconnectUserSessions>",
        "<ResponseDisconnectUserSessions><Data/><ErrorId>not-trusted</ErrorId><Data/></ResponseDisconnectUserSessions>",
        "<ResponseDisconnectUserSessions><Deep><Deeper><errorid>not-trusted</errorid></Deeper></Deep></ResponseDisconnectUserSessions>",
        "<ResponseDisconnectUserSessions/><ResponseError><ErrorId>not-trusted</ErrorId></ResponseError>",
        "<ErrorId>not-trusted</ErrorId><ErrorId>unspecified</ErrorId>",
    ];
    for case in cases {
        let message = format!("<NFuseProtocol version='5.4'>{case}</NFuseProtocol>");
        let (frame, response) =
            decode_response::<DisconnectUserSessionsRequest>(message.as_bytes()).unwrap();
        assert_eq!(frame.dialect, Dialect::new(5, 4));
        assert_eq!(response, Err(ErrorId::NOT_TRUSTED.into()), "{case}");
    }
}

#[test]
fn incomplete_or_unrelated_response_is_rejected() {
    let address = |body: &str| decode_response::<AddressRequest>(body.as_bytes()).unwrap_err();
    let ticket = |body: &str| decode_response::<TicketRequest>(body.as_bytes()).unwrap_err();
    let cases = [
        (
            address("<html><body>It works!</body></html>"),
            "NFuseProtocol: root element is not NFuseProtocol",
        ),
        (address(""), "document is empty"),
        (
            address("<NFuseProtocol/>"),
            "NFuseProtocol/ResponseAddress: required element is missing",
        ),
        (
            address(
                "<NFuseProtocol><ResponseTicket><Ticket>A</Ticket></ResponseTicket></NFuseProtocol>",
            ),
            "NFuseProtocol/ResponseAddress: required element is missing",
        ),
        (
            address("<NFuseProtocol><ResponseAddress/></NFuseProtocol>"),
            "NFuseProtocol/ResponseAddress/ServerAddress: required element is missing",
        ),
        (
            ticket("<NFuseProtocol><ResponseTicket><Ticket/></ResponseTicket></NFuseProtocol>"),
            "NFuseProtocol/ResponseTicket/Ticket: value is empty",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error_text(error), expected);
    }
}

/// Decodes a response, and returns its body unless it is an error.
fn read<R: Request>(response: &str) -> Option<R::Response> {
    let message = format!("<NFuseProtocol>{response}</NFuseProtocol>");
    let (_, read) = decode_response::<R>(message.as_bytes()).ok()?;
    read.ok()
}

#[test]
fn malformed_list_entry_does_not_hide_the_others() {
    // SS-28, SS-37, nfuse.md §3.2
    let good = "<AppData><HostId>1</HostId><SessionId>2</SessionId></AppData>";
    for (bad, expected) in [
        ("<AppData/>", ("", "")),
        ("<AppData><SessionId>7</SessionId></AppData>", ("", "7")),
        ("<AppData><HostId>9</HostId></AppData>", ("9", "")),
        (
            "<AppData><HostId/><SessionId> </SessionId></AppData>",
            ("", ""),
        ),
    ] {
        let data = read::<ReconnectSessionDataRequest>(&format!(
            "<ResponseReconnectSessionData><AppDataSet>{bad}{good}</AppDataSet>\
             </ResponseReconnectSessionData>"
        ))
        .unwrap();
        let ids = data.sessions.iter();
        let ids: Vec<_> = ids.map(|s| (&*s.host_id.value, &*s.session_id)).collect();
        assert_eq!(ids, [expected, ("1", "2")], "{bad}");
    }
    for bad in ["<AppData/>", "<AppData><InName> </InName></AppData>"] {
        let data = read::<AppDataRequest>(&format!(
            "<ResponseAppData><AppDataSet>{bad}<AppData><InName>A</InName></AppData></AppDataSet>\
             </ResponseAppData>"
        ))
        .unwrap();
        let names: Vec<_> = data.applications.iter().map(|a| &*a.in_name).collect();
        assert_eq!(names, ["A"], "{bad}");
    }
    let data = read::<ServerDataRequest>(
        "<ResponseServerData><ServerData/><ServerData><ServerName>a</ServerName></ServerData>\
         </ResponseServerData>",
    )
    .unwrap();
    assert_eq!(data.servers.len(), 1);
}

#[test]
fn first_of_repeated_response_elements_counts() {
    let address = read::<AddressRequest>(
        "<ResponseAddress><ServerAddress>a</ServerAddress><ServerAddress>b</ServerAddress>\
         </ResponseAddress>",
    )
    .unwrap();
    assert_eq!(address.server_address.value, "a");
    let ticket = read::<TicketRequest>(
        "<ResponseTicket><Ticket>A</Ticket><Ticket>B</Ticket></ResponseTicket>\
         <ResponseTicket><Ticket>C</Ticket></ResponseTicket>",
    )
    .unwrap();
    assert_eq!(ticket.ticket, "A");
    let reference = read::<LaunchRefRequest>(
        "<ResponseLaunchRef><LaunchRef>A</LaunchRef><LaunchRef>B</LaunchRef></ResponseLaunchRef>",
    )
    .unwrap();
    assert_eq!(reference.launch_ref, "A");
    let valid = read::<ValidateCredentialsRequest>(
        "<ResponseValidateCredentials><UserIdentityInfo><ID type='SAM'>A\\a</ID><ID>A\\b</ID>\
         <ID type='UPN'>a@a</ID><ID type='UPN'>b@a</ID></UserIdentityInfo>\
         </ResponseValidateCredentials>",
    )
    .unwrap();
    let identity = valid.identity.unwrap();
    assert_eq!(identity.sam.as_deref(), Some("A\\a"));
    assert_eq!(identity.upn.as_deref(), Some("a@a"));
    let data = read::<ServerDataRequest>(
        "<ResponseServerData><ServerData><ServerName>a</ServerName><ServerName>b</ServerName>\
         </ServerData></ResponseServerData>",
    )
    .unwrap();
    assert_eq!(data.servers[0].name, "a");
    let data = read::<AppDataRequest>(
        "<ResponseAppData><AppDataSet><AppData><InName>A</InName><InName>B</InName></AppData>\
         </AppDataSet></ResponseAppData>",
    )
    .unwrap();
    assert_eq!(data.applications[0].in_name, "A");
    let data = read::<ReconnectSessionDataRequest>(
        "<ResponseReconnectSessionData><AppDataSet><AppData><HostId type='x'>1</HostId>\
         <HostId>2</HostId><SessionId>3</SessionId><SessionId>4</SessionId></AppData></AppDataSet>\
         </ResponseReconnectSessionData>",
    )
    .unwrap();
    let session = &data.sessions[0];
    assert_eq!(session.host_id.kind.as_deref(), Some("x"));
    assert_eq!((&*session.host_id.value, &*session.session_id), ("1", "3"));
}

#[test]
fn response_version_is_ignored() {
    let cases = [
        ("version='1.1'", Dialect::new(1, 1)),
        ("version='99.9'", Dialect::new(99, 9)),
        ("Version=' 5.8 '", Dialect::new(5, 8)),
        ("version='new'", Dialect::OLDEST),
        ("version=''", Dialect::OLDEST),
        ("", Dialect::OLDEST),
    ];
    for (attribute, expected) in cases {
        let message = format!("<NFuseProtocol {attribute}><ResponseCapabilities/></NFuseProtocol>");
        let (frame, response) = decode_response::<CapabilitiesRequest>(message.as_bytes()).unwrap();
        assert_eq!(frame.dialect, expected, "{attribute}");
        assert!(response.is_ok());
    }
}

#[test]
fn request_may_exceed_the_store_limits() {
    // nfuse.md §1.1, §2, §6.1: thousands of groups or of applications, and half a megabyte.
    let request = |user: &str, more: &str| {
        format!(
            "<NFuseProtocol><RequestAppData>{FILTERS}<Credentials>{user}</Credentials>{more}\
             </RequestAppData></NFuseProtocol>"
        )
    };
    let ids =
        |count| "<ID type='SID'>S-1-5-21-1000000000-2000000000-3000000000-513</ID>".repeat(count);
    let names = |count| "<AppName>Ledger and stock of the northern branch</AppName>".repeat(count);
    let name = "<UserName>mia</UserName>";
    let long = request(name, "");
    let exact = format!("{long}{}", " ".repeat(LARGEST_REQUEST - long.len()));
    for (request, is_read) in [
        (request(&ids(4096), ""), true),
        (request(&ids(4097), ""), false),
        (request(name, &names(4093)), true),
        (request(name, &names(4094)), false),
        (exact.clone(), true),
        (exact + " ", false),
    ] {
        let read = decode_request(request.as_bytes());
        assert_eq!(read.is_ok(), is_read, "{} bytes", request.len());
    }
}

#[test]
fn response_over_the_list_limit_is_rejected() {
    let decode = |count: usize| {
        let session = "<AppData type='session'><InName>Paint</InName><HostId>1</HostId>\
                       <SessionId>2</SessionId></AppData>";
        let list = format!(
            "<NFuseProtocol><ResponseReconnectSessionData><AppDataSet>{}</AppDataSet>\
             </ResponseReconnectSessionData></NFuseProtocol>",
            session.repeat(count)
        );
        decode_response::<ReconnectSessionDataRequest>(list.as_bytes())
    };
    let (_, response) = decode(50_000).unwrap();
    assert_eq!(response.unwrap().sessions.len(), 50_000);
    assert!(matches!(decode(100_001), Err(DecodeError::Xml(_))));
}
