//! Encoded messages decode to the same messages, and decoders do not panic.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use roamd_store_proto::auth::{Challenge, Choice, FormPost, Reason, RequestToken, TokenChoices};
use roamd_store_proto::media_type::negotiate;
use roamd_store_proto::{
    Audio, ColourDepth, Display, Endpoint, Endpoints, EnumerationStatus, Groups, Image,
    KeyPassthrough, LaunchData, LaunchErrorId, LaunchParams, Lifetime, Property, RemedyHint,
    Resource, ResourceType, Resources, RetryReason, Session, SessionOperation, SessionParams,
    SessionState, Spelling, StartMenu,
};
use secrecy::ExposeSecret;

/// Generates names: one trimmed line with letters of any script and all characters of markup.
fn name() -> impl Strategy<Value = String> {
    r#"[a-zA-Z0-9<>&"'äβ語😀\]\-]([a-zA-Z0-9 <>&"'äβ語😀\]\-]{0,30}[a-z0-9\]>])?"#
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop_oneof![Just(Spelling::Document), Just(Spelling::Native)]
}

prop_compose! {
    fn session_params()(
        client_name in name(),
        device_id in option::of(name()),
        include_active_sessions: bool,
        app_sessions_only: bool,
        tickets in vec("[0-9A-F]{1,40}", 0..8),
        spelling in spelling(),
    ) -> SessionParams {
        SessionParams {
            client_name, device_id, include_active_sessions, app_sessions_only, tickets, spelling,
        }
    }
}

prop_compose! {
    fn session()(
        id in "[A-Za-z0-9_-]{1,60}",
        server_type in name(),
        path in "[a-z0-9/?&=%]{0,40}",
        initial_app in name(),
        aggregated: bool,
        resource_id in name(),
        publisher_name in name(),
    ) -> Session {
        let launch_url = format!("https://sf.example.net/{path}");
        Session { id, server_type, launch_url, initial_app, aggregated, resource_id, publisher_name }
    }
}

fn enumeration() -> impl Strategy<Value = EnumerationStatus> {
    prop_oneof![
        Just(EnumerationStatus::Full),
        Just(EnumerationStatus::Partial),
        Just(EnumerationStatus::Failed)
    ]
}

prop_compose! {
    fn resource()(
        [id, title, summary, path, kind, publisher_resource_id, publisher_name] in
            [name(), name(), name(), name(), name(), name(), name()],
        [link, launch_ica, image, icon, image_hash] in [
            option::of(name()),
            option::of(name()),
            option::of(name()),
            option::of(name()),
            option::of(name()),
        ],
        client_types in vec(name(), 0..3),
        keywords in vec(name(), 0..3),
        properties in vec((name(), vec(name(), 0..3)), 0..3),
        start_menu in option::of((name(), name())),
        plays_file_types in vec(name(), 0..3),
        content_location in option::of(name()),
        images in vec((1..=u16::MAX, 1..=u16::MAX), 0..3),
        [enabled, on_desktop, featured, aggregated]: [bool; 4],
    ) -> Resource {
        Resource {
            id, link, title, summary, path, resource_type: ResourceType(kind.into()), client_types,
            plays_file_types, content_location,
            images: images.into_iter().map(|(size, depth)| Image { size, depth }).collect(),
            keywords,
            properties: properties
                .into_iter()
                .map(|(id, values)| Property { id, values })
                .collect(),
            enabled, launch_ica, image, icon, on_desktop,
            start_menu: start_menu.map(|(root, path)| StartMenu { root, path }),
            featured, image_hash, aggregated, publisher_resource_id, publisher_name,
        }
    }
}

fn display() -> impl Strategy<Value = Display> {
    prop_oneof![
        Just(Display::Seamless),
        Just(Display::FullScreen),
        option::of(0.001..100.0).prop_map(Display::Percent),
        option::of((1..=u32::MAX, 1..=u32::MAX)).prop_map(Display::Absolute),
    ]
}

prop_compose! {
    fn launch_params()(
        names in (option::of(name()), option::of(name()), option::of(name())),
        client_address in option::of(any::<IpAddr>()),
        audio in option::of(prop_oneof![Just(Audio::High), Just(Audio::Off)]),
        colour_depth in option::of(prop_oneof![
            Just(ColourDepth::Sixteen),
            Just(ColourDepth::TwoHundredFiftySix),
            Just(ColourDepth::High),
            Just(ColourDepth::TrueColor),
        ]),
        display in option::of(display()),
        key_passthrough in option::of(prop_oneof![
            Just(KeyPassthrough::Local),
            Just(KeyPassthrough::Remote),
            Just(KeyPassthrough::FullScreenOnly),
        ]),
        flags: [Option<bool>; 6],
    ) -> LaunchParams {
        let (client_name, device_id, launcher) = names;
        let [
            special_folder_redirection,
            clear_type_remoting,
            show_desktop_viewer,
            virtual_com_port,
            com_port_mapping,
            client_printer,
        ] = flags;
        LaunchParams {
            client_name, client_address, device_id, audio, colour_depth, display, key_passthrough,
            special_folder_redirection, clear_type_remoting, show_desktop_viewer, launcher,
            virtual_com_port, com_port_mapping, client_printer,
        }
    }
}

fn ticks() -> impl Strategy<Value = Lifetime> {
    (0..922_337_203_685_u64, 1..10_000_000_u32)
        .prop_map(|(seconds, ticks)| Lifetime(Duration::new(seconds, ticks * 100)))
}

proptest! {
    #[test]
    fn session_parameters_round_trip(params in session_params()) {
        let bytes = params.to_xml();
        let list = SessionParams { tickets: Vec::new(), ..params.clone() };
        let end = SessionParams {
            include_active_sessions: false,
            app_sessions_only: false,
            ..params
        };
        prop_assert_eq!(SessionParams::from_xml(&bytes, SessionOperation::List), Ok(list));
        prop_assert_eq!(SessionParams::from_xml(&bytes, SessionOperation::End), Ok(end));
    }

    #[test]
    fn session_states_round_trip(
        enumeration in enumeration(),
        sessions in vec(session(), 0..5),
        spelling in spelling(),
    ) {
        let state = SessionState::new(enumeration, sessions);
        prop_assert_eq!(SessionState::from_xml(&state.to_xml(spelling)), Ok(state));
    }

    #[test]
    fn resources_round_trip(enumeration in enumeration(), resources in vec(resource(), 0..4)) {
        let all = Groups::all();
        for resource in &resources {
            let read = Resource::from_xml(&resource.to_xml(&all));
            prop_assert_eq!(read.as_ref(), Ok(resource));
        }
        let list = Resources { enumeration, resources };
        prop_assert_eq!(Resources::from_xml(&list.to_xml(&all)), Ok(list));
    }

    #[test]
    fn launch_parameters_round_trip(params in launch_params()) {
        prop_assert_eq!(LaunchParams::from_xml(&params.to_xml()), Ok(params));
    }

    #[test]
    fn ica_files_round_trip(
        lines in vec(name(), 1..20),
        end in "\r?\n",
        ticket in option::of("[0-9A-F]{1,40}"),
    ) {
        let ica = lines.join(&end);
        let data = LaunchData::Success {
            ica: ica.clone().into(),
            logon_ticket: ticket.clone().map(Into::into),
        };
        match LaunchData::from_xml(&data.to_xml()) {
            Ok(LaunchData::Success { ica: read, logon_ticket }) => {
                prop_assert_eq!(read.expose_secret(), ica);
                let logon_ticket = logon_ticket.as_ref().map(ExposeSecret::expose_secret);
                prop_assert_eq!(logon_ticket, ticket.as_deref());
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn endpoints_round_trip(all in vec((name(), name(), vec(name(), 0..3)), 0..5)) {
        let endpoints = all
            .into_iter()
            .map(|(id, url, capabilities)| Endpoint { id, url, capabilities })
            .collect();
        let endpoints = Endpoints { endpoints };
        prop_assert_eq!(Endpoints::from_xml(&endpoints.to_xml()), Ok(endpoints));
    }

    #[test]
    fn token_requests_round_trip(
        for_service in name(),
        for_service_url in name(),
        template in option::of(name()),
        requested_lifetime in option::of(ticks()),
    ) {
        let template = template.unwrap_or_default();
        let request = RequestToken { for_service, for_service_url, template, requested_lifetime };
        prop_assert_eq!(RequestToken::from_xml(&request.to_xml()), Ok(request));
    }

    #[test]
    fn token_choices_round_trip(all in vec((name(), name()), 1..4)) {
        let choices =
            all.into_iter().map(|(protocol, location)| Choice { protocol, location }).collect();
        let choices = TokenChoices { choices };
        prop_assert_eq!(TokenChoices::from_xml(&choices.to_xml()), Ok(choices));
    }

    #[test]
    fn lifetimes_round_trip(lifetime in ticks()) {
        prop_assert_eq!(lifetime.to_string().parse(), Ok(lifetime));
    }

    #[test]
    fn challenges_round_trip(
        realm in "[a-zA-Z0-9.-]{1,40}",
        reason in proptest::sample::select(Reason::ALL),
        locations in vec("https?://[a-z0-9./-]{1,40}", 1..4),
        service_root_hint in "https?://[a-z0-9./-]{1,40}",
    ) {
        let challenge = Challenge { realm, reason: Some(reason), locations, service_root_hint };
        prop_assert_eq!(challenge.to_string().parse(), Ok(challenge));
    }

    #[test]
    fn filled_forms_round_trip(state_context: String, user_name: Option<String>, password: String) {
        let post = FormPost {
            state_context,
            user_name,
            password: Some(password.into()),
            ..FormPost::default()
        };
        let read = FormPost::from_url_encoded(post.to_url_encoded().expose_secret().as_bytes());
        prop_assert_eq!(read.state_context, post.state_context);
        prop_assert_eq!(read.user_name, post.user_name);
        let text = |post: Option<secrecy::SecretString>| post.unwrap().expose_secret().to_owned();
        prop_assert_eq!(text(read.password), text(post.password));
    }

    #[test]
    fn text_parsers_do_not_panic(text in "[0-9.:]{0,12}|\\PC{0,40}", accept: Vec<String>) {
        let _ = text.parse::<Lifetime>();
        drop(format!("CitrixAuth {text}").parse::<Challenge>());
        drop(FormPost::from_url_encoded(text.as_bytes()));
        let accept: Vec<&str> = accept.iter().map(String::as_str).collect();
        let _ = negotiate(&accept, &["a/b"]);
    }
}

/// Generates names of a hostile farm. None is empty, because empty elements have a shorter form.
fn hostile() -> impl Strategy<Value = String> {
    let names = prop_oneof![
        any::<String>(),
        "[a-z<>&\"'/=!\\[\\]?-]{0,16}",
        "\\]\\]>|</title><launchIca>|<!\\[CDATA\\[x|<!--|&#10;|&evil;|%evil;|\\x00\r\n\u{2028}",
    ];
    names.prop_map(|name| format!("a{name}"))
}

/// Returns a list of one resource with these names in all values of a farm or publisher.
fn list_of([title, text, word, link]: [String; 4]) -> Vec<u8> {
    let resource = Resource {
        id: title.clone(),
        link: Some(link.clone()),
        title: title.clone(),
        summary: text.clone(),
        path: text.clone(),
        resource_type: ResourceType(word.clone().into()),
        plays_file_types: vec![word.clone()],
        content_location: Some(link.clone()),
        client_types: vec![word.clone()],
        keywords: vec![word.clone()],
        properties: vec![Property {
            id: word.clone(),
            values: vec![text.clone()],
        }],
        images: vec![Image {
            size: 32,
            depth: 32,
        }],
        enabled: true,
        launch_ica: Some(link.clone()),
        image: Some(link.clone()),
        icon: Some(link),
        on_desktop: true,
        start_menu: Some(StartMenu {
            root: word.clone(),
            path: text,
        }),
        featured: true,
        image_hash: Some(word),
        aggregated: true,
        publisher_resource_id: title.clone(),
        publisher_name: title,
    };
    Resources {
        enumeration: EnumerationStatus::Full,
        resources: vec![resource],
    }
    .to_xml(&Groups::named([]))
}

/// The tags of that list with harmless names.
static PLAIN: LazyLock<Vec<String>> = LazyLock::new(|| tags(&list_of(["a"; 4].map(str::to_owned))));

/// Returns the names of the tags of a document, in order.
fn tags(document: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(document).expect("what is written is ASCII");
    let tags = text.split('<').skip(1);
    tags.map(|tag| {
        tag.split(['>', ' ', '\n'])
            .next()
            .unwrap_or_default()
            .to_owned()
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// SS-69, ST-41: names of a farm or a client cannot add elements or attributes to a response.
    #[test]
    fn names_cannot_change_the_structure_of_a_response(
        names in proptest::array::uniform4(hostile()),
        spelling in spelling(),
    ) {
        let state = |[initial_app, resource_id, publisher_name, server_type]: [String; 4]| {
            let session = Session {
                id: "id".to_owned(),
                server_type,
                launch_url: "https://sf.example.net/".to_owned(),
                initial_app,
                resource_id,
                publisher_name,
                ..Session::default()
            };
            SessionState::new(EnumerationStatus::Full, [session])
        };
        let plain = || ["a"; 4].map(str::to_owned);
        prop_assert_eq!(
            tags(&state(names.clone()).to_xml(spelling)),
            tags(&state(plain()).to_xml(spelling))
        );
        let failure = |[id, text, hint, _]: [String; 4]| LaunchData::Failure {
            id: LaunchErrorId(id.into()),
            text,
            remedy: Some(RemedyHint(hint.into())),
        };
        prop_assert_eq!(
            tags(&failure(names.clone()).to_xml()),
            tags(&failure(plain()).to_xml())
        );
        let retry = |[url, reason, hint, _]: [String; 4]| LaunchData::Retry {
            url,
            after: Some(5),
            reason: RetryReason(reason.into()),
            remedy: Some(RemedyHint(hint.into())),
        };
        prop_assert_eq!(tags(&retry(names).to_xml()), tags(&retry(plain()).to_xml()));
    }

    /// Names cannot change the structure of a list of resources either (ST-63, ST-69). A response
    /// with one resource has the same element (ST-62).
    #[test]
    fn names_cannot_change_the_structure_of_resources(names in proptest::array::uniform4(hostile())) {
        prop_assert_eq!(&tags(&list_of(names)), &*PLAIN);
    }
}
