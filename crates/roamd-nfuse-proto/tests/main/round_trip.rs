//! Encoded messages decode to the same messages.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use roamd_nfuse_proto::*;
use roamd_xml::Encoding;

fn assert_request_round_trips<R>(
    request: R,
    variant: fn(R) -> AnyRequest,
) -> Result<(), TestCaseError>
where
    R: Request + Clone,
{
    let dialect = Dialect::new(5, 4);
    let bytes = encode_request(dialect, &request);
    let (frame, read) = decode_request(&bytes)
        .map_err(|error| TestCaseError::fail(format!("{error} in {}", shown(&bytes))))?;
    prop_assert_eq!(
        frame,
        Frame {
            dialect,
            encoding: Encoding::Utf8
        }
    );
    prop_assert_eq!(read, variant(request));
    Ok(())
}

fn assert_response_round_trips<R>(
    response: &Result<R::Response, FarmError>,
) -> Result<(), TestCaseError>
where
    R: Request,
    R::Response: PartialEq + Debug,
{
    let frames = [
        Frame {
            dialect: Dialect::new(4, 7),
            encoding: Encoding::Latin1,
        },
        Frame {
            dialect: Dialect::new(5, 9),
            encoding: Encoding::Utf8,
        },
    ];
    for frame in frames {
        let bytes = encode_response(&frame, response);
        prop_assert!(bytes.is_ascii());
        let (read_frame, read) = decode_response::<R>(&bytes)
            .map_err(|error| TestCaseError::fail(format!("{error} in {}", shown(&bytes))))?;
        prop_assert_eq!(read_frame, frame);
        prop_assert_eq!(&read, response);
    }
    Ok(())
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Generates values without surrounding white space that are not empty. They contain markup, line
/// ends, and characters of all widths.
fn value() -> impl Strategy<Value = String> {
    "[!-~é€😀]([ -~\t\r\né€\u{85}\u{2028}😀]{0,12}[!-~é€😀])?"
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    option::of(value())
}

fn maybe_empty() -> impl Strategy<Value = String> {
    maybe().prop_map(Option::unwrap_or_default)
}

fn values() -> impl Strategy<Value = Vec<String>> {
    vec(value(), 0..3)
}

fn filters() -> impl Strategy<Value = Vec<String>> {
    vec(value(), 1..3)
}

fn domain() -> impl Strategy<Value = Domain> {
    (value(), maybe_empty()).prop_map(|(kind, name)| Domain { kind, name })
}

fn password() -> impl Strategy<Value = Password> {
    prop_oneof![
        maybe_empty().prop_map(|text| (text, PasswordEncoding::Cleartext)),
        any::<String>().prop_map(|text| (text, PasswordEncoding::Ctx1)),
    ]
    .prop_map(|(text, encoding)| Password {
        value: text.into(),
        encoding,
    })
}

fn credentials() -> impl Strategy<Value = Credentials> {
    prop_oneof![
        (value(), option::of(password()), option::of(domain())).prop_map(
            |(user_name, password, domain)| Credentials::Explicit {
                user_name,
                password,
                domain
            }
        ),
        (value(), maybe(), values()).prop_map(|(sam, upn, sids)| Credentials::Identity {
            sam: Some(sam),
            upn,
            sids
        }),
        (filters(), option::of(domain()))
            .prop_map(|(names, domain)| Credentials::Groups { names, domain }),
        Just(Credentials::Anonymous),
    ]
}

fn host_id() -> impl Strategy<Value = HostId> {
    (maybe(), value()).prop_map(|(kind, value)| HostId { kind, value })
}

fn host_address() -> impl Strategy<Value = HostAddress> {
    (maybe(), maybe_empty()).prop_map(|(kind, value)| HostAddress { kind, value })
}

fn address_name() -> impl Strategy<Value = AddressName> {
    prop_oneof![
        value().prop_map(AddressName::Application),
        value().prop_map(AddressName::Server),
        value().prop_map(AddressName::ServerFarm),
        value().prop_map(AddressName::Unspecified),
        (maybe_empty(), host_id(), value()).prop_map(|(in_name, host_id, session_id)| {
            AddressName::Session(SessionName {
                in_name,
                host_id,
                session_id,
            })
        }),
    ]
}

fn session_settings() -> impl Strategy<Value = SessionSettings> {
    let name = prop_oneof![Just("ColorDepth".to_owned()), Just("UserName".to_owned())];
    vec((name, maybe_empty()), 0..3).prop_map(SessionSettings)
}

fn address_request() -> impl Strategy<Value = AddressRequest> {
    (
        (
            address_name(),
            maybe(),
            option::of(host_address()),
            maybe(),
            values(),
        ),
        (
            option::of(credentials()),
            maybe(),
            maybe(),
            option::of(session_settings()),
        ),
    )
        .prop_map(
            |((name, client_name, client_address, wanted_address_type, flags), rest)| {
                let (credentials, client_type, device_id, session_settings) = rest;
                AddressRequest {
                    name,
                    client_name,
                    client_address,
                    wanted_address_type,
                    flags,
                    credentials,
                    client_type,
                    device_id,
                    session_settings,
                }
            },
        )
}

fn address_response() -> impl Strategy<Value = AddressResponse> {
    (
        (host_address(), maybe(), maybe(), maybe(), maybe(), maybe()),
        (
            any::<bool>(),
            option::of(host_address()),
            option::of(host_address()),
        ),
        (maybe(), maybe(), maybe()),
    )
        .prop_map(|(shortcuts, flags, launch)| {
            let (
                server_address,
                server_type,
                connection_type,
                client_type,
                ticket_tag,
                farm_load_hint,
            ) = shortcuts;
            let (disconnected_session, ssl_relay_address, cgp_address) = flags;
            let (session_sharing_key, launch_ref, ticket) = launch;
            AddressResponse {
                server_address,
                server_type,
                connection_type,
                client_type,
                ticket_tag,
                farm_load_hint,
                disconnected_session,
                ssl_relay_address,
                cgp_address,
                session_sharing_key,
                launch_ref,
                ticket,
            }
        })
}

fn icon_form() -> impl Strategy<Value = IconForm> {
    (value(), value(), value()).prop_map(|(size, bpp, format)| IconForm { size, bpp, format })
}

fn app_data_request() -> impl Strategy<Value = AppDataRequest> {
    let icons = vec(icon_form(), 0..3);
    (
        (maybe(), maybe_empty(), values(), icons, values()),
        (
            filters(),
            filters(),
            option::of(credentials()),
            maybe(),
            maybe(),
        ),
    )
        .prop_map(
            |((traverse, folder, desired_details, desired_icons, app_names), rest)| {
                let (server_types, client_types, credentials, client_name, client_address) = rest;
                AppDataRequest {
                    traverse,
                    folder,
                    desired_details,
                    desired_icons,
                    app_names,
                    server_types,
                    client_types,
                    credentials,
                    client_name,
                    client_address,
                }
            },
        )
}

fn launch_settings() -> impl Strategy<Value = LaunchSettings> {
    let level = || {
        let level = (any::<bool>(), value()).prop_map(|(minimum, value)| Level { minimum, value });
        option::of(level)
    };
    let numbers = any::<[Option<u32>; 4]>();
    (numbers, maybe(), level(), level()).prop_map(|(numbers, window, sound, encryption)| {
        let [width, height, colour, scale] = numbers;
        LaunchSettings {
            width,
            height,
            colour,
            window,
            scale,
            sound,
            encryption,
        }
    })
}

fn application() -> impl Strategy<Value = Application> {
    let start_menu =
        (maybe_empty(), maybe_empty()).prop_map(|(root, folder)| StartMenu { root, folder });
    let settings = (
        any::<[bool; 3]>(),
        [maybe_empty(), maybe_empty(), maybe_empty()],
        option::of(start_menu),
        launch_settings(),
        maybe(),
    )
        .prop_map(|(flags, texts, start_menu, launch, content_address)| {
            let [disabled, desktop, on_desktop] = flags;
            let [folder, description, publisher_name] = texts;
            Settings {
                disabled,
                desktop,
                folder,
                description,
                on_desktop,
                start_menu,
                publisher_name,
                content_address,
                launch,
            }
        });
    let icon =
        (icon_form(), vec(any::<u8>(), 0..40)).prop_map(|(form, bytes)| IconData { form, bytes });
    let file_type = (
        maybe_empty(),
        any::<[bool; 2]>(),
        [vec(value(), 0..3), vec(value(), 0..3)],
        maybe(),
    )
        .prop_map(|(name, flags, texts, parameters)| {
            let [is_default, overwrite] = flags;
            let [extensions, mime_types] = texts;
            FileType {
                name,
                is_default,
                overwrite,
                extensions,
                mime_types,
                parameters,
            }
        });
    let entry = prop_oneof![
        (value(), domain()).prop_map(|(name, domain)| AccessEntry::User { name, domain }),
        (value(), domain()).prop_map(|(name, domain)| AccessEntry::Group { name, domain }),
        Just(AccessEntry::Anonymous),
    ];
    (
        (
            value(),
            maybe_empty(),
            option::of(settings),
            vec(file_type, 0..3),
            vec(icon_form(), 0..3),
            option::of(vec(entry, 0..3)),
        ),
        (
            vec(icon, 0..3),
            any::<Option<i64>>(),
            maybe(),
            maybe(),
            option::of(maybe_empty()),
        ),
    )
        .prop_map(|(details, rest)| {
            let (in_name, friendly_name, settings, file_types, icon_forms, access_list) = details;
            let (icons, seq_no, server_type, client_type, permissions) = rest;
            Application {
                in_name,
                friendly_name,
                settings,
                file_types,
                icon_forms,
                access_list,
                icons,
                seq_no,
                server_type,
                client_type,
                permissions,
            }
        })
}

fn app_data_response() -> impl Strategy<Value = AppDataResponse> {
    (maybe(), maybe(), vec(application(), 0..3)).prop_map(
        |(leasing_status, traverse, applications)| AppDataResponse {
            leasing_status,
            traverse: traverse.filter(|_| !applications.is_empty()),
            applications,
        },
    )
}

fn session_criteria() -> impl Strategy<Value = SessionCriteria> {
    (credentials(), maybe(), maybe(), filters(), filters()).prop_map(
        |(credentials, client_name, device_id, server_types, client_types)| SessionCriteria {
            credentials,
            client_name,
            device_id,
            server_types,
            client_types,
        },
    )
}

fn reconnect_request() -> impl Strategy<Value = ReconnectSessionDataRequest> {
    let session_type = prop_oneof![Just(SessionType::Active), Just(SessionType::Disconnected)];
    (session_criteria(), vec(session_type, 0..3)).prop_map(|(criteria, session_types)| {
        ReconnectSessionDataRequest::new(criteria, session_types)
    })
}

fn reconnect_response() -> impl Strategy<Value = ReconnectSessionDataResponse> {
    let session = (
        maybe_empty(),
        maybe(),
        maybe_empty(),
        maybe_empty(),
        (maybe(), maybe_empty()).prop_map(|(kind, value)| HostId { kind, value }),
        maybe_empty(),
    )
        .prop_map(
            |(in_name, friendly_name, server_type, client_type, host_id, session_id)| {
                SessionEntry {
                    in_name,
                    friendly_name,
                    server_type,
                    client_type,
                    host_id,
                    session_id,
                }
            },
        );
    vec(session, 0..4).prop_map(|sessions| ReconnectSessionDataResponse { sessions })
}

fn selection() -> impl Strategy<Value = SessionSelection> {
    (session_criteria(), values()).prop_map(|(criteria, tickets)| SessionSelection {
        tickets,
        ..SessionSelection::new(criteria)
    })
}

fn ticket_request() -> impl Strategy<Value = TicketRequest> {
    (credentials(), value(), value(), any::<Option<u32>>()).prop_map(
        |(credentials, ticket_type, ticket_tag, time_to_live)| TicketRequest {
            ticket_type,
            time_to_live,
            ..TicketRequest::new(credentials, ticket_tag)
        },
    )
}

fn launch_ref_request() -> impl Strategy<Value = LaunchRefRequest> {
    (
        value(),
        value(),
        maybe(),
        maybe(),
        credentials(),
        any::<Option<u32>>(),
    )
        .prop_map(
            |(
                launch_ref_type,
                ticket_tag,
                device_id,
                session_sharing_key,
                credentials,
                time_to_live,
            )| {
                LaunchRefRequest {
                    launch_ref_type,
                    device_id,
                    session_sharing_key,
                    time_to_live,
                    ..LaunchRefRequest::new(credentials, ticket_tag)
                }
            },
        )
}

fn validate_response() -> impl Strategy<Value = ValidateCredentialsResponse> {
    let identity =
        (maybe(), maybe(), values()).prop_map(|(sam, upn, sids)| UserIdentity { sam, upn, sids });
    (
        option::of(identity),
        any::<Option<u32>>(),
        any::<Option<bool>>(),
    )
        .prop_map(
            |(identity, days_until_password_expiry, show_password_expiry_warning)| {
                ValidateCredentialsResponse {
                    identity,
                    days_until_password_expiry,
                    show_password_expiry_warning,
                }
            },
        )
}

fn server_data_response() -> impl Strategy<Value = ServerDataResponse> {
    let server =
        (value(), maybe_empty(), maybe_empty()).prop_map(|(name, server_type, client_type)| {
            MemberServer {
                name,
                server_type,
                client_type,
            }
        });
    vec(server, 0..3).prop_map(|servers| ServerDataResponse { servers })
}

fn farm_error() -> impl Strategy<Value = FarmError> {
    let word = || "[!-;=-~]{1,64}";
    let native = prop_oneof![
        (word(), word()).prop_map(|(family, code)| NativeError::Mps { family, code }),
        word().prop_map(|code| NativeError::Browser { code }),
    ];
    (word(), option::of(native)).prop_map(|(id, native)| FarmError {
        id: ErrorId(id.into()),
        native,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn address_messages_round_trip(request in address_request(), response in address_response()) {
        assert_request_round_trips(request, AnyRequest::Address)?;
        assert_response_round_trips::<AddressRequest>(&Ok(response))?;
    }

    #[test]
    fn app_data_messages_round_trip(request in app_data_request(), response in app_data_response()) {
        assert_request_round_trips(request, AnyRequest::AppData)?;
        assert_response_round_trips::<AppDataRequest>(&Ok(response))?;
    }

    #[test]
    fn reconnect_session_data_messages_round_trip(
        request in reconnect_request(),
        response in reconnect_response(),
    ) {
        assert_request_round_trips(request, AnyRequest::ReconnectSessionData)?;
        assert_response_round_trips::<ReconnectSessionDataRequest>(&Ok(response))?;
    }

    #[test]
    fn disconnect_and_logoff_messages_round_trip(selection in selection()) {
        let disconnect = DisconnectUserSessionsRequest(selection.clone());
        assert_request_round_trips(disconnect, AnyRequest::DisconnectUserSessions)?;
        let logoff = LogoffUserSessionsRequest(selection);
        assert_request_round_trips(logoff, AnyRequest::LogoffUserSessions)?;
        assert_response_round_trips::<DisconnectUserSessionsRequest>(&Ok(DisconnectUserSessionsResponse))?;
        assert_response_round_trips::<LogoffUserSessionsRequest>(&Ok(LogoffUserSessionsResponse))?;
    }

    #[test]
    fn ticket_messages_round_trip(request in ticket_request(), ticket in value()) {
        assert_request_round_trips(request, AnyRequest::Ticket)?;
        assert_response_round_trips::<TicketRequest>(&Ok(TicketResponse { ticket }))?;
    }

    #[test]
    fn launch_ref_messages_round_trip(request in launch_ref_request(), launch_ref in value()) {
        assert_request_round_trips(request, AnyRequest::LaunchRef)?;
        assert_response_round_trips::<LaunchRefRequest>(&Ok(LaunchRefResponse { launch_ref }))?;
    }

    #[test]
    fn validate_credentials_messages_round_trip(
        credentials in credentials(),
        identity_wanted: bool,
        response in validate_response(),
    ) {
        let request = ValidateCredentialsRequest {
            identity_wanted,
            ..ValidateCredentialsRequest::new(credentials)
        };
        assert_request_round_trips(request, AnyRequest::ValidateCredentials)?;
        assert_response_round_trips::<ValidateCredentialsRequest>(&Ok(response))?;
    }

    #[test]
    fn change_password_messages_round_trip(
        credentials in credentials(),
        new_password in password(),
    ) {
        let request = ChangePasswordRequest::new(credentials, new_password);
        assert_request_round_trips(request, AnyRequest::ChangePassword)?;
        assert_response_round_trips::<ChangePasswordRequest>(&Ok(ChangePasswordResponse))?;
    }

    #[test]
    fn farm_information_messages_round_trip(
        address_type in maybe(),
        server_types in filters(),
        client_types in filters(),
        servers in server_data_response(),
        farm_names in values(),
        capabilities in values(),
    ) {
        assert_request_round_trips(ProtocolInfoRequest { address_type }, AnyRequest::ProtocolInfo)?;
        assert_response_round_trips::<ProtocolInfoRequest>(&Ok(ProtocolInfoResponse))?;
        assert_request_round_trips(ServerFarmDataRequest, AnyRequest::ServerFarmData)?;
        assert_response_round_trips::<ServerFarmDataRequest>(&Ok(ServerFarmDataResponse { farm_names }))?;
        let request = ServerDataRequest { server_types, client_types };
        assert_request_round_trips(request, AnyRequest::ServerData)?;
        assert_response_round_trips::<ServerDataRequest>(&Ok(servers))?;
        assert_request_round_trips(CapabilitiesRequest, AnyRequest::Capabilities)?;
        let capabilities =
            capabilities.into_iter().map(|name| CapabilityId(name.into())).collect();
        assert_response_round_trips::<CapabilitiesRequest>(&Ok(CapabilitiesResponse { capabilities }))?;
    }

    #[test]
    fn farm_errors_round_trip(error in farm_error()) {
        assert_response_round_trips::<CapabilitiesRequest>(&Err(error.clone()))?;
        assert_response_round_trips::<AddressRequest>(&Err(error))?;
    }

    #[test]
    fn decoders_do_not_panic(bytes in vec(any::<u8>(), 0..200)) {
        drop(decode_request(&bytes));
        drop(decode_response::<AddressRequest>(&bytes));
    }
}
