//! Encodes a request for the sessions of a user, and decodes the response of a farm.
//!
//! `cargo run -p roamd-nfuse-proto --example list_sessions`

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use roamd_nfuse_proto::{
    Credentials, DecodeError, Dialect, Domain, Password, PasswordEncoding,
    ReconnectSessionDataRequest, SessionCriteria, SessionType, decode_response, encode_request,
};

const RESPONSE: &[u8] = br#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE NFuseProtocol SYSTEM "NFuse.dtd">
<NFuseProtocol version="5.5">
    <ResponseReconnectSessionData>
        <AppDataSet>
            <AppData type="session">
                <InName>Notepad</InName>
                <HostId type="dot">192.0.2.40</HostId>
                <SessionId>7</SessionId>
            </AppData>
        </AppDataSet>
    </ResponseReconnectSessionData>
</NFuseProtocol>"#;

fn main() -> Result<(), DecodeError> {
    let credentials = Credentials::Explicit {
        user_name: "ada".to_owned(),
        password: Some(Password {
            value: "correct horse".into(),
            encoding: PasswordEncoding::Ctx1,
        }),
        domain: Some(Domain::nt("LAB")),
    };
    let criteria = SessionCriteria {
        client_name: Some("WR_tablet".to_owned()),
        ..SessionCriteria::new(credentials)
    };
    let request = ReconnectSessionDataRequest::new(criteria, [SessionType::Disconnected]);
    let bytes = encode_request(Dialect::FMA, &request);
    println!("{}", String::from_utf8_lossy(&bytes));

    let (frame, response) = decode_response::<ReconnectSessionDataRequest>(RESPONSE)?;
    match response {
        Ok(response) => {
            for session in response.sessions {
                println!("{}: session {}", session.in_name, session.session_id);
            }
        }
        Err(error) => println!("dialect {}: {error}", frame.dialect),
    }
    Ok(())
}
