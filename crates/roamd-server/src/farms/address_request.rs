//! What a farm is told of a launch when it is asked for an address (nfuse.md §5.1).

use std::net::IpAddr;

use roamd_nfuse_proto::{AddressName, AddressRequest, HostAddress, HostId, SessionName};
use roamd_sessions::{ConnectRequest, Generation, Target, User};

use super::application::session_settings;

/// The request for an address, without credentials and without a wish for a form of it.
///
/// Farms from 7 on make a session sharing key of the settings. A session has its key already.
pub(super) fn address_request(
    connect: &ConnectRequest,
    user: &User,
    generation: Generation,
) -> AddressRequest {
    let settings = match (generation, &connect.target) {
        (Generation::Cvad7, Target::Application(_)) => Some(session_settings(connect, user)),
        _ => None,
    };
    AddressRequest {
        name: name(&connect.target),
        client_name: connect.end_point.client_name.clone(),
        client_address: client_address(connect.client_address),
        wanted_address_type: None,
        flags: Vec::new(),
        credentials: None,
        client_type: Some("ica30".to_owned()),
        device_id: connect.end_point.device_id.clone(),
        session_settings: settings,
    }
}

fn name(target: &Target) -> AddressName {
    match target {
        Target::Session(key) => AddressName::Session(SessionName {
            in_name: key.in_name.clone(),
            host_id: HostId {
                kind: key.host_kind.clone(),
                value: key.host_id.clone(),
            },
            session_id: key.session_id.clone(),
        }),
        Target::Application(in_name) => AddressName::Application(in_name.clone()),
    }
}

/// How NFuse would write an IPv6 address is not known.
fn client_address(address: Option<IpAddr>) -> Option<HostAddress> {
    let address = address.map(|address| address.to_canonical())?;
    address.is_ipv4().then(|| HostAddress {
        kind: Some("dot".to_owned()),
        value: address.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use roamd_sessions::{EndPoint, SessionKey, SessionSettings, UserKey};

    use super::*;

    fn request(generation: Generation, connect: &ConnectRequest) -> AddressRequest {
        let user = User {
            key: UserKey::new("DEMO", "mia"),
            name: "mia".to_owned(),
            domain: "DEMO".to_owned(),
            password: "roam-demo".into(),
        };
        address_request(connect, &user, generation)
    }

    fn connect(target: Target) -> ConnectRequest {
        ConnectRequest {
            target,
            end_point: EndPoint {
                client_name: Some("DESK-B".to_owned()),
                device_id: Some("dev-b".to_owned()),
            },
            client_address: Some([192, 0, 2, 9].into()),
            settings: SessionSettings::default(),
            sharing_key: None,
        }
    }

    #[test]
    fn applications_go_by_name_and_sessions_by_number() {
        // nfuse.md §5.1, §5.2, §5.4
        use Generation::{Cvad7, XenApp6, XenDesktop5};
        let application = connect(Target::Application("Paint".to_owned()));
        let session = connect(Target::Session(SessionKey {
            host_kind: Some("ima-host-id".to_owned()),
            host_id: "40211".to_owned(),
            session_id: "7".to_owned(),
            in_name: "Paint".to_owned(),
        }));
        let by_number = AddressName::Session(SessionName {
            in_name: "Paint".to_owned(),
            host_id: HostId {
                kind: Some("ima-host-id".to_owned()),
                value: "40211".to_owned(),
            },
            session_id: "7".to_owned(),
        });
        let by_name = AddressName::Application("Paint".to_owned());
        for (generation, wish, name, has_settings) in [
            (Cvad7, &application, &by_name, true),
            (XenDesktop5, &application, &by_name, false),
            (XenApp6, &application, &by_name, false),
            (Cvad7, &session, &by_number, false),
            (XenDesktop5, &session, &by_number, false),
            (XenApp6, &session, &by_number, false),
        ] {
            let asked = request(generation, wish);
            assert_eq!(asked.name, *name, "{generation:?}");
            assert_eq!(
                asked.session_settings.is_some(),
                has_settings,
                "{generation:?}"
            );
            assert_eq!(asked.client_name.as_deref(), Some("DESK-B"));
            assert_eq!(asked.device_id.as_deref(), Some("dev-b"));
        }
    }

    #[test]
    fn an_address_of_the_client_is_told_as_farms_write_it() {
        // ST-16, ST-36: what NFuse has no form for is left out.
        for (address, told) in [
            (Some("192.0.2.9"), Some("192.0.2.9")),
            (Some("::ffff:192.0.2.9"), Some("192.0.2.9")),
            (Some("2001:db8::9"), None),
            (None, None),
        ] {
            let wish = ConnectRequest {
                client_address: address.map(|address| address.parse().unwrap()),
                ..connect(Target::Application("Paint".to_owned()))
            };
            let asked = request(Generation::XenApp6, &wish).client_address;
            assert_eq!(
                asked.map(|address| address.value).as_deref(),
                told,
                "{address:?}"
            );
        }
    }
}
