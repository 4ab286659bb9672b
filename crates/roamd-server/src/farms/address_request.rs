//! Address requests (nfuse.md §5.1 to §5.4).

use std::net::IpAddr;

use roamd_nfuse_proto::{
    self as nfuse, AddressName, AddressRequest, HostAddress, HostId, SessionName,
};
use roamd_sessions::{ConnectRequest, Generation, SessionSettings, Target, User, WindowSize};
use roamd_store_proto::ColourDepth;

use super::filters;

/// The request for an address, without credentials and without an address form.
///
/// Session settings are sent if the farm makes a session sharing key from them. An existing session
/// has its key already.
pub(super) fn address_request(
    connect: &ConnectRequest,
    user: &User,
    generation: Generation,
) -> AddressRequest {
    let is_new = matches!(connect.target, Target::Application(_));
    let settings =
        (is_new && generation.makes_sharing_key()).then(|| session_settings(connect, user));
    AddressRequest {
        client_name: connect.end_point.client_name.clone(),
        client_address: client_address(connect.client_address),
        client_type: Some(filters::ica()),
        device_id: connect.end_point.device_id.clone(),
        session_settings: settings,
        ..AddressRequest::new(name(&connect.target))
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

/// Returns `None` for an IPv6 address, since its form in NFuse is not established.
fn client_address(address: Option<IpAddr>) -> Option<HostAddress> {
    let address = address.map(|address| address.to_canonical())?;
    address.is_ipv4().then(|| HostAddress {
        kind: Some("dot".to_owned()),
        value: address.to_string(),
    })
}

/// Session settings, from which farms make a session sharing key (nfuse.md §5.4). Values of colour
/// depths and sizes that were not observed on real farms are inferred; the farm only compares them.
fn session_settings(connect: &ConnectRequest, user: &User) -> nfuse::SessionSettings {
    let settings: &SessionSettings = &connect.settings;
    let shares = connect.sharing_key.is_some();
    let on_off = |on| if on { "On" } else { "Off" }.to_owned();
    let values = [
        ("ColorDepth", settings.colour_depth.map(colour_depth)),
        (
            "EncryptionLevel",
            settings.encryption.map(|level| level.as_str().to_owned()),
        ),
        ("DomainName", Some(user.domain().to_owned())),
        ("UserName", Some(user.name().to_owned())),
        ("FarmName", Some(" ".to_owned())),
        (
            "SpecialFolderRedirection",
            settings.special_folder_redirection.map(on_off),
        ),
        (
            "VirtualCOMPortEmulation",
            settings.virtual_com_port.map(on_off),
        ),
        ("DisplaySize", display_size(settings)),
        ("TWIDisableSessionSharing", Some(on_off(!shares))),
        ("EnableSessionSharing", Some(on_off(shares))),
    ];
    let named = values
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    nfuse::SessionSettings(named.collect())
}

fn colour_depth(depth: ColourDepth) -> String {
    match depth {
        ColourDepth::Sixteen => "4bpp",
        ColourDepth::TwoHundredFiftySix => "8bpp",
        ColourDepth::High => "16bpp",
        ColourDepth::TrueColor => "24bpp",
    }
    .to_owned()
}

fn display_size(settings: &SessionSettings) -> Option<String> {
    if settings.seamless == Some(true) {
        return Some("seamless".to_owned());
    }
    settings.size.map(|size| match size {
        WindowSize::Pixels(u32::MAX, u32::MAX) => "fullscreen".to_owned(),
        WindowSize::Pixels(x, y) => format!("{x}x{y}"),
        WindowSize::Percent(percent) => format!("{percent}%"),
    })
}

#[cfg(test)]
mod tests {
    use roamd_sessions::{Encryption, EndPoint, SessionKey};

    use super::*;

    fn request(generation: Generation, connect: &ConnectRequest) -> AddressRequest {
        let user = User::new("DEMO", "mia", "roam-demo".into());
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
    fn address_request_names_application_or_session_number() {
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
        for (generation, connect, name, has_settings) in [
            (Cvad7, &application, &by_name, true),
            (XenDesktop5, &application, &by_name, false),
            (XenApp6, &application, &by_name, false),
            (Cvad7, &session, &by_number, false),
            (XenDesktop5, &session, &by_number, false),
            (XenApp6, &session, &by_number, false),
        ] {
            let request = request(generation, connect);
            assert_eq!(request.name, *name, "{generation:?}");
            assert_eq!(
                request.session_settings.is_some(),
                has_settings,
                "{generation:?}"
            );
            assert_eq!(request.client_name.as_deref(), Some("DESK-B"));
            assert_eq!(request.device_id.as_deref(), Some("dev-b"));
        }
    }

    #[test]
    fn ipv6_client_address_is_left_out() {
        // ST-16, ST-36: NFuse has no known form for IPv6.
        for (address, sent) in [
            (Some("192.0.2.9"), Some("192.0.2.9")),
            (Some("::ffff:192.0.2.9"), Some("192.0.2.9")),
            (Some("2001:db8::9"), None),
            (None, None),
        ] {
            let connect = ConnectRequest {
                client_address: address.map(|address| address.parse().unwrap()),
                ..connect(Target::Application("Paint".to_owned()))
            };
            let request = request(Generation::XenApp6, &connect).client_address;
            assert_eq!(
                request.map(|address| address.value).as_deref(),
                sent,
                "{address:?}"
            );
        }
    }
    #[test]
    fn session_settings_have_the_values_farms_compare() {
        // nfuse.md §5.4
        let user = User::new("EXAMPLE", "mia", "roam-demo".into());
        let connect = |settings, shares: bool| ConnectRequest {
            target: Target::Application("Paint".to_owned()),
            end_point: EndPoint::default(),
            client_address: None,
            settings,
            sharing_key: shares.then(String::new),
        };
        let whole = SessionSettings {
            colour_depth: Some(ColourDepth::TrueColor),
            encryption: Some(Encryption::Basic),
            special_folder_redirection: Some(false),
            virtual_com_port: Some(true),
            seamless: Some(true),
            size: Some(WindowSize::Pixels(1024, 768)),
            ..SessionSettings::default()
        };
        let full_screen = SessionSettings {
            seamless: Some(false),
            size: Some(WindowSize::Pixels(u32::MAX, u32::MAX)),
            ..SessionSettings::default()
        };
        for (settings, shares, expected) in [
            (
                whole,
                true,
                "ColorDepth=24bpp EncryptionLevel=basic DomainName=EXAMPLE UserName=mia FarmName=  \
                 SpecialFolderRedirection=Off VirtualCOMPortEmulation=On DisplaySize=seamless \
                 TWIDisableSessionSharing=Off EnableSessionSharing=On",
            ),
            (
                full_screen,
                false,
                "DomainName=EXAMPLE UserName=mia FarmName=  DisplaySize=fullscreen \
                 TWIDisableSessionSharing=On EnableSessionSharing=Off",
            ),
        ] {
            let found = session_settings(&connect(settings, shares), &user).0;
            let found: Vec<_> = found.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
            assert_eq!(found.join(" "), expected);
        }
    }
}
