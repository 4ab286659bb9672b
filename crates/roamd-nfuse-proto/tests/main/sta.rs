//! Messages of a ticket authority (nfuse.md §8).

use proptest::prelude::*;
use roamd_nfuse_proto::sta::{
    AnyRequest, ConnectionInfo, DataRequest, DataResponse, TicketData, TicketRequest,
    TicketResponse, decode_request,
};
use roamd_nfuse_proto::{
    DecodeError, Dialect, Effect, Encoding, ErrorId, FarmError, Frame, Request, decode_response,
    encode_request, encode_response,
};

use crate::common::{some, text};

fn frame() -> Frame {
    Frame {
        dialect: Dialect::STA,
        encoding: Encoding::Utf8,
    }
}

fn ticket_request() -> TicketRequest {
    let info = ConnectionInfo {
        server_address: "192.0.2.40:1494",
        user_name: "mia",
        user_domain: "EXAMPLE",
        application_name: "R&D",
    };
    let data = TicketData {
        ica_address: text("192.0.2.40:1494"),
        x_data: Some(info.to_text()),
    };
    TicketRequest::v4(data, true)
}

fn ticket() -> TicketResponse {
    TicketResponse {
        ticket_version: text("40"),
        ..TicketResponse::v4("STA0123456789AB", "00112233445566778899AABBCCDDEEFF")
    }
}

fn data_request() -> DataRequest {
    DataRequest(ticket())
}

#[test]
fn sta_ticket_request_matches_the_sample() {
    // The dialect of the farm has no effect on requests to an authority.
    for dialect in [Dialect::new(5, 4), Dialect::new(5, 9)] {
        let bytes = encode_request(dialect, &ticket_request());
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE CtxSTAProtocol SYSTEM \"CtxSTA.dtd\">\n\
             <CtxSTAProtocol version=\"4.0\"><RequestTicket>\
             <AllowedTicketType>STA-v4</AllowedTicketType>\
             <AllowedAuthorityIDType>STA-v1</AllowedAuthorityIDType>\
             <TicketData><Value name=\"ICAAddress\">192.0.2.40:1494</Value>\
             <Value name=\"XData\">&lt;?xml version=\"1.0\"?&gt;\n\
             &lt;CtxConnInfo version=\"1.0\"&gt;\
             &lt;ServerAddress&gt;192.0.2.40:1494&lt;/ServerAddress&gt;\
             &lt;UserName&gt;mia&lt;/UserName&gt;&lt;UserDomain&gt;EXAMPLE&lt;/UserDomain&gt;\
             &lt;ApplicationName&gt;R&amp;amp;D&lt;/ApplicationName&gt;\
             &lt;Protocol&gt;ICA&lt;/Protocol&gt;&lt;/CtxConnInfo&gt;</Value></TicketData>\
             <Control><Refreshable>true</Refreshable></Control>\
             </RequestTicket></CtxSTAProtocol>"
        );
    }
}

/// A request as a public client writes it: line breaks, a space after the root, and a comment in
/// the escaped text.
#[test]
fn sta_request_of_another_client_is_accepted() {
    let body = "<?xml version=\"1.0\"?>\n<!DOCTYPE CtxSTAProtocol SYSTEM \"CtxSTA.dtd\">\n\
                <CtxSTAProtocol version=\"4.0\">\n<RequestTicket>\n\
                <AllowedTicketType>STA-v4</AllowedTicketType>\n\
                <AllowedAuthorityIDType>STA-v1</AllowedAuthorityIDType>\n<TicketData>\n\
                <Value name=\"ICAAddress\">192.0.2.40:1494</Value>\n<Value name=\"XData\">\n\
                &lt;?xml version=&quot;1.0&quot;?&gt;&lt;!--x--&gt;&lt;CtxConnInfo/&gt; </Value>\n\
                </TicketData>\n<Control>\n<Refreshable>true</Refreshable>\n</Control>\n\
                </RequestTicket>\n</CtxSTAProtocol> ";
    let data = TicketData {
        ica_address: text("192.0.2.40:1494"),
        x_data: some("<?xml version=\"1.0\"?><!--x--><CtxConnInfo/>"),
    };
    let expected = AnyRequest::Ticket(TicketRequest::v4(data, true));
    assert_eq!(decode_request(body.as_bytes()), Ok((frame(), expected)));
}

#[test]
fn sta_error_is_an_error_id() {
    let refused: Result<TicketResponse, FarmError> = Err(ErrorId::UNSPECIFIED.into());
    let bytes = encode_response(&frame(), &refused);
    let response = decode_response::<TicketRequest>(&bytes);
    assert_eq!(response, Ok((frame(), refused)));
}

#[test]
fn only_redeeming_an_sta_ticket_is_a_change() {
    assert_eq!(ticket_request().effect(), Effect::Read);
    assert_eq!(data_request().effect(), Effect::Change);
}

#[test]
fn malformed_sta_request_is_rejected() {
    let kind = "<AllowedTicketType>STA-v4</AllowedTicketType>\
                <AllowedAuthorityIDType>STA-v1</AllowedAuthorityIDType>";
    let address = "<Value name='ICAAddress'>192.0.2.40:1494</Value>";
    let ticket = |inside: &str| format!("<RequestTicket>{kind}{inside}</RequestTicket>");
    let path = "CtxSTAProtocol/RequestTicket";
    let missing = "required element is missing";
    for (inside, expected) in [
        (ticket(""), format!("{path}/TicketData: {missing}")),
        (
            ticket("<TicketData/>"),
            format!("{path}/TicketData/ICAAddress: {missing}"),
        ),
        (
            ticket("<TicketData><Value name='ICAAddress'> </Value></TicketData>"),
            format!("{path}/TicketData/ICAAddress: {missing}"),
        ),
        (
            ticket(&format!("<TicketData>{address}{address}</TicketData>")),
            format!("{path}/TicketData/Value: parameter is given more than once"),
        ),
        (
            ticket(&format!(
                "<TicketData>{address}</TicketData><Control><Refreshable>maybe</Refreshable></Control>"
            )),
            format!("{path}/Control/Refreshable: value is not true or false"),
        ),
        (
            format!("<RequestTicket><TicketData>{address}</TicketData></RequestTicket>"),
            format!("{path}/AllowedTicketType: {missing}"),
        ),
        (
            "<RequestData><Ticket>00</Ticket></RequestData>".to_owned(),
            format!("CtxSTAProtocol/RequestData/AuthorityID: {missing}"),
        ),
        (
            "<RequestData><AuthorityID>STA1</AuthorityID><Ticket>00</Ticket><Ticket>11</Ticket>\
             <TicketVersion>40</TicketVersion></RequestData>"
                .to_owned(),
            "CtxSTAProtocol/RequestData/Ticket: parameter is given more than once".to_owned(),
        ),
        (
            "<RequestCoffee/>".to_owned(),
            "request RequestCoffee is not served".to_owned(),
        ),
        (
            "<RequestCapabilities/>".to_owned(),
            "request RequestCapabilities is not served".to_owned(),
        ),
        (
            format!("{0}{0}", ticket("")),
            "CtxSTAProtocol: more than one request".to_owned(),
        ),
    ] {
        let body = format!("<CtxSTAProtocol version='4.0'>{inside}</CtxSTAProtocol>");
        let shown = match decode_request(body.as_bytes()).unwrap_err() {
            DecodeError::Message(fault) => format!("{}: {}", fault.path, fault.kind),
            error => error.to_string(),
        };
        assert_eq!(shown, expected, "{inside}");
    }
    let other_root = b"<NFuseProtocol version='5.4'><RequestTicket/></NFuseProtocol>";
    assert!(decode_request(other_root).is_err());
    let entity = b"<!DOCTYPE CtxSTAProtocol [<!ENTITY x 'y'>]><CtxSTAProtocol version='4.0'>\
                   <RequestData/></CtxSTAProtocol>";
    assert!(matches!(decode_request(entity), Err(DecodeError::Xml(_))));
}

#[test]
fn incomplete_sta_ticket_response_is_rejected() {
    for missing in ["AuthorityID", "Ticket", "TicketVersion"] {
        let bytes = encode_response(&frame(), &Ok(ticket()));
        let body = String::from_utf8(bytes).unwrap();
        let body = body.replace(&format!("<{missing}>"), &format!("<{missing}> <!--"));
        let body = body.replace(&format!("</{missing}>"), &format!("--></{missing}>"));
        assert!(
            decode_response::<TicketRequest>(body.as_bytes()).is_err(),
            "{body}"
        );
    }
}

#[test]
fn first_of_two_sta_tickets_counts() {
    let body = String::from_utf8(encode_response(&frame(), &Ok(ticket()))).unwrap();
    let body = body.replace("</Ticket>", "</Ticket><Ticket>FF</Ticket>");
    let (_, response) = decode_response::<TicketRequest>(body.as_bytes()).unwrap();
    assert_eq!(response, Ok(ticket()));
}

#[test]
fn debug_of_sta_messages_hides_the_ticket() {
    for shown in [format!("{:?}", ticket()), format!("{:?}", data_request())] {
        assert!(!shown.contains("0011"), "{shown}");
        assert!(shown.contains("STA0123456789AB"), "{shown}");
    }
}

/// Generates values without surrounding white space that are not empty.
fn value() -> impl Strategy<Value = String> {
    "[!-~é€😀]([ -~\t\r\né€\u{85}\u{2028}😀]{0,12}[!-~é€😀])?"
}

fn data() -> impl Strategy<Value = TicketData> {
    (value(), proptest::option::of(value())).prop_map(|(ica_address, x_data)| TicketData {
        ica_address,
        x_data,
    })
}

fn returns<R: Request>(request: &R) -> Result<AnyRequest, DecodeError> {
    let bytes = encode_request(Dialect::STA, request);
    decode_request(&bytes).map(|(_, request)| request)
}

proptest! {
    #[test]
    fn sta_requests_round_trip(
        data in data(),
        texts in (value(), value(), value()),
        refreshable: bool,
    ) {
        let (one, two, three) = texts;
        let request = TicketRequest {
            ticket_type: one.clone(),
            authority_id_type: two.clone(),
            ..TicketRequest::v4(data, refreshable)
        };
        prop_assert_eq!(returns(&request), Ok(AnyRequest::Ticket(request)));
        let request = DataRequest(TicketResponse {
            ticket_version: three,
            ..TicketResponse::v4(one, two)
        });
        prop_assert_eq!(returns(&request), Ok(AnyRequest::Data(request)));
    }

    #[test]
    fn sta_responses_round_trip(data in data(), texts in (value(), value(), value())) {
        let (authority_id, ticket, ticket_version) = texts;
        let response = Ok(TicketResponse { ticket_version, ..TicketResponse::v4(authority_id, ticket) });
        let bytes = encode_response(&frame(), &response);
        prop_assert!(bytes.is_ascii());
        prop_assert_eq!(decode_response::<TicketRequest>(&bytes), Ok((frame(), response)));
        let response = Ok(DataResponse { data });
        let bytes = encode_response(&frame(), &response);
        prop_assert_eq!(decode_response::<DataRequest>(&bytes), Ok((frame(), response)));
    }

    /// A name that looks like markup is preserved in the document inside the message.
    #[test]
    fn connection_info_preserves_any_name(name in value()) {
        let info = ConnectionInfo {
            server_address: "h:1494",
            user_name: &name,
            user_domain: &name,
            application_name: &name,
        };
        let text = info.to_text();
        prop_assert_eq!(text.matches("<UserName>").count(), 1, "{}", text);
        prop_assert_eq!(text.matches('<').count(), 13, "{}", text);
    }
}
