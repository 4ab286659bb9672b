//! Passwords and tickets do not appear in `Debug` output or error texts.

use roamd_nfuse_proto::{
    AddressRequest, LogoffUserSessionsRequest, TicketRequest, decode_request, decode_response,
};

const SECRET: &str = "s3cret!";

#[test]
fn debug_of_requests_hides_passwords_and_tickets() {
    let bodies = [
        format!(
            "<RequestValidateCredentials><Credentials><UserName>mia</UserName>\
             <Password>{SECRET}</Password></Credentials></RequestValidateCredentials>"
        ),
        format!(
            "<RequestChangePassword><Credentials><UserName>mia</UserName>\
             <Password>{SECRET}</Password></Credentials><NewPassword>{SECRET}</NewPassword>\
             </RequestChangePassword>"
        ),
        format!(
            "<RequestLogoffUserSessions><Credentials><UserName>mia</UserName></Credentials>\
             <ServerType>all</ServerType><ClientType>ica30</ClientType><Ticket>{SECRET}</Ticket>\
             </RequestLogoffUserSessions>"
        ),
    ];
    for body in bodies {
        let message = format!("<NFuseProtocol>{body}</NFuseProtocol>");
        let (_, request) = decode_request(message.as_bytes()).unwrap();
        let printed = format!("{request:?}");
        assert!(printed.contains("mia"), "{printed}");
        assert!(!printed.contains(SECRET), "{printed}");
    }
}

#[test]
fn debug_of_responses_hides_tickets() {
    let response = format!(
        "<NFuseProtocol><ResponseAddress><ServerAddress>192.0.2.1</ServerAddress>\
         <SessionSharingKey>{SECRET}</SessionSharingKey><LaunchRef>{SECRET}</LaunchRef>\
         <Ticket>{SECRET}</Ticket></ResponseAddress></NFuseProtocol>"
    );
    let (_, response) = decode_response::<AddressRequest>(response.as_bytes()).unwrap();
    let response = response.unwrap();
    assert_eq!(response.ticket.as_deref(), Some(SECRET));
    assert!(!format!("{response:?}").contains(SECRET));

    let response = format!(
        "<NFuseProtocol><ResponseTicket><Ticket>{SECRET}</Ticket></ResponseTicket></NFuseProtocol>"
    );
    let (_, response) = decode_response::<TicketRequest>(response.as_bytes()).unwrap();
    assert!(!format!("{response:?}").contains(SECRET));
}

#[test]
fn decode_error_contains_no_value() {
    let user = "<UserName>mia</UserName>";
    let filters = "<ServerType>all</ServerType><ClientType>ica30</ClientType>";
    let requests = [
        format!("<Credentials>{user}<Password encoding='rsa56'>{SECRET}</Password></Credentials>"),
        format!("<Credentials>{user}<Password encoding='ctx1'>{SECRET}</Password></Credentials>"),
        format!("<Credentials>{user}<Password encoding='{SECRET}'>x</Password></Credentials>"),
        format!("<Credentials>{user}<Password>{SECRET}<</Password></Credentials>"),
        format!("<Credentials>{user}<Password>{SECRET}&{SECRET};</Password></Credentials>"),
        format!("<Credentials>{user}<Password>{SECRET}</Password>"),
        format!(
            "<Credentials>{user}<Password>{SECRET}</Password><Password>{SECRET}</Password>\
             </Credentials>"
        ),
        format!("<Credentials><UserName></UserName><Password>{SECRET}</Password></Credentials>"),
    ];
    for request in requests {
        let message = format!(
            "<NFuseProtocol><RequestLogoffUserSessions>{request}{filters}\
             </RequestLogoffUserSessions></NFuseProtocol>"
        );
        let error = decode_request(message.as_bytes()).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains(SECRET),
            "{error:?} for {request}"
        );
    }
    for version in [SECRET, "5.4"] {
        let message = format!(
            "<NFuseProtocol version='{version}'><ResponseTicket>{SECRET}</ResponseTicket>\
             </NFuseProtocol>"
        );
        for error in [
            decode_request(message.as_bytes()).unwrap_err(),
            decode_response::<LogoffUserSessionsRequest>(message.as_bytes()).unwrap_err(),
        ] {
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
        }
    }
}
