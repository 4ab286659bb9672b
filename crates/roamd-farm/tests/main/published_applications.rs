//! Enumeration of published applications, access lists and servers (nfuse.md §2, §6).

use roamd_farm::{Error, ServeOptions, SessionState, StartSession};
use roamd_nfuse_proto::{
    AccessEntry, AddressName, AddressRequest, AppDataRequest, AppDataResponse, Credentials,
    ErrorId, ServerDataRequest, ServerFarmDataRequest,
};

use crate::requests::{address, application, unknown_name_error};
use crate::support::{
    Controller, Folder, GENERATIONS, of, prices_document, small_world_with, typed,
};

const EXPOSED: ServeOptions = ServeOptions {
    expose_catalog: true,
};

fn request(credentials: Option<Credentials>) -> AppDataRequest {
    AppDataRequest {
        traverse: Some("subtree".to_owned()),
        desired_details: vec!["all".to_owned(), "access-list".to_owned()],
        server_types: vec!["all".to_owned()],
        client_types: vec!["ica30".to_owned()],
        credentials,
        ..AppDataRequest::default()
    }
}

fn names(response: &AppDataResponse) -> Vec<&str> {
    response
        .applications
        .iter()
        .map(|it| it.in_name.as_str())
        .collect()
}

async fn servers(controller: &Controller) -> Vec<String> {
    let request = ServerDataRequest {
        server_types: vec!["all".to_owned()],
        client_types: vec!["all".to_owned()],
    };
    let response = controller.ask(&request).await.unwrap();
    response
        .servers
        .into_iter()
        .map(|server| server.name)
        .collect()
}

#[tokio::test]
async fn user_sees_own_published_applications() {
    let folder = Folder::new();
    for generation in GENERATIONS {
        let controller = folder.serve(generation).await;
        let response = controller.ask(&request(Some(of("alice")))).await.unwrap();
        assert_eq!(names(&response), ["Waiting", "Here", "There", "Desk"]);
        let leasing = (generation == "cvad-7").then_some("working");
        assert_eq!(response.leasing_status.as_deref(), leasing);
        let desk = response.applications[3].clone();
        let settings = desk.settings.unwrap();
        assert!(settings.desktop && !settings.disabled);
        assert_eq!(settings.folder, r"Lab\Room");
        assert!(settings.publisher_name.starts_with("Farm"));
        assert_eq!(desk.friendly_name, "R&D desk");
        assert!(desk.seq_no.is_some());
        let response = controller.ask(&request(Some(of("bob")))).await.unwrap();
        assert!(names(&response).contains(&"Secret"));
    }
}

#[tokio::test]
async fn documents_and_file_types_are_listed_on_request() {
    // nfuse.md §6: documents have another client type and cannot be launched.
    let folder = Folder::of(&small_world_with(|farm| {
        farm.applications[1].file_types = ".txt,.csv".parse().unwrap();
        farm.applications.push(prices_document());
    }));
    for generation in GENERATIONS {
        for (client_type, expected) in [
            ("ica30", &["Waiting", "Here", "There", "Desk"][..]),
            ("content", &["Prices"]),
            ("all", &["Waiting", "Here", "There", "Desk", "Prices"]),
            ("rade", &[]),
        ] {
            let asked = AppDataRequest {
                client_types: vec![client_type.to_owned()],
                ..request(Some(of("alice")))
            };
            let response = folder.ask_at(generation, &asked, 0).await.unwrap();
            assert_eq!(names(&response), expected, "{generation} {client_type}");
        }
        for (detail, has_settings, extensions, forms) in [
            ("defaults", true, 0, 0),
            ("file-type", false, 2, 0),
            ("icon-info", false, 0, 5),
            ("all", true, 2, 5),
        ] {
            let asked = AppDataRequest {
                desired_details: vec![detail.to_owned()],
                client_types: vec!["all".to_owned()],
                ..request(Some(of("alice")))
            };
            let response = folder.ask_at(generation, &asked, 0).await.unwrap();
            let application = &response.applications[1];
            assert_eq!(application.settings.is_some(), has_settings, "{detail}");
            assert_eq!(application.file_types.len(), extensions, "{detail}");
            assert_eq!(application.icon_forms.len(), forms, "{detail}");
            assert!(
                application
                    .file_types
                    .iter()
                    .all(|it| it.extensions.len() == 1)
            );
            let document = response.applications.last().unwrap();
            assert_eq!(document.client_type.as_deref(), Some("content"));
            let settings = document.settings.as_ref();
            let address = settings.map(|settings| settings.content_address.as_deref());
            assert_eq!(address, has_settings.then_some(Some(r"\\files\prices.xls")));
        }
        let launch = address(application("Prices"), Some(of("alice")));
        let refused = folder.ask_at(generation, &launch, 0).await.unwrap_err();
        assert_eq!(refused, unknown_name_error(generation));
    }
    let session = StartSession {
        farm: "cvad-7".to_owned(),
        user: "DEMO\\alice".to_owned(),
        app: "Prices".to_owned(),
        client_name: None,
        device_id: None,
        state: SessionState::Active,
    };
    let started = folder.farms.start_session(&session);
    assert!(
        matches!(started, Err(Error::UnknownApplication { .. })),
        "{started:?}"
    );
}

#[tokio::test]
async fn anonymous_request_gets_nothing_unless_exposed() {
    let folder = Folder::new();
    let application = AddressRequest::new(AddressName::Application("Here".to_owned()));
    for generation in GENERATIONS {
        let closed = folder.serve(generation).await;
        for credentials in [None, Some(Credentials::Anonymous)] {
            let response = closed.ask(&request(credentials)).await.unwrap();
            assert_eq!(names(&response), [""; 0]);
        }
        assert_eq!(servers(&closed).await, [""; 0]);
        let unknown = AddressRequest {
            name: AddressName::Application("Nothing".to_owned()),
            ..application.clone()
        };
        assert_eq!(
            closed.ask(&application).await.unwrap_err(),
            closed.ask(&unknown).await.unwrap_err(),
            "existing and missing names look the same"
        );

        let open = folder.serve_with(generation, EXPOSED).await;
        let response = open.ask(&request(None)).await.unwrap();
        assert_eq!(
            names(&response),
            ["Waiting", "Here", "There", "Desk", "Secret"]
        );
        let [.., secret] = response.applications.as_slice() else {
            panic!("there are five");
        };
        let entries = secret.access_list.as_ref().unwrap();
        assert!(matches!(&entries[..], [AccessEntry::User { name, .. }] if name == "bob"));
        let entries = response.applications[0].access_list.as_ref().unwrap();
        assert!(matches!(&entries[0], AccessEntry::Group { name, .. } if name == "Domain Users"));
        assert_eq!(servers(&open).await.len(), 2);
        let response = open.ask(&application).await.unwrap();
        assert!(response.ticket.is_none(), "tickets need a user");
        // The name of the farm is public: clients display it.
        let farm = closed.ask(&ServerFarmDataRequest).await.unwrap();
        assert!(farm.farm_names[0].starts_with("Farm"));
    }
}

#[tokio::test]
async fn access_list_names_only_the_caller_unless_exposed() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let response = controller.ask(&request(Some(of("alice")))).await.unwrap();
    for application in response.applications {
        let entries = application.access_list.unwrap();
        assert!(
            matches!(&entries[..], [AccessEntry::User { name, domain }]
                if name == "alice" && domain.name == "DEMO"),
            "{entries:?}"
        );
    }
}

#[tokio::test]
async fn scope_names_and_filters_limit_the_response() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let all = ["Waiting", "Here", "There", "Desk"];
    let cases: &[(&str, &str, &[&str], &str, &[&str])] = &[
        ("subtree", "", &[], "all", &all),
        ("onelevel", "", &[], "win32", &all[..3]),
        ("subtree", r"\", &[], "all", &all),
        ("onelevel", r"\", &[], "all", &all[..3]),
        ("onelevel", r"Lab\Room", &[], "all", &["Desk"]),
        ("subtree", r"\Lab\", &[], "all", &["Desk"]),
        ("subtree", "Lab", &[], "all", &["Desk"]),
        ("onelevel", "Lab", &[], "all", &[]),
        ("subtree", "La", &[], "all", &[]),
        ("subtree", "$PRELAUNCH$", &[], "all", &[]),
        (
            "subtree",
            "",
            &["HERE", "Secret", "Nothing"],
            "all",
            &["Here"],
        ),
        ("subtree", "", &[], "x", &[]),
    ];
    for (traverse, folder, app_names, server_type, expected) in cases {
        let mut request = request(Some(of("alice")));
        request.traverse = Some((*traverse).to_owned());
        request.folder = (*folder).to_owned();
        request.app_names = app_names.iter().map(|name| (*name).to_owned()).collect();
        request.server_types = vec![(*server_type).to_owned()];
        let response = controller.ask(&request).await.unwrap();
        assert_eq!(
            &names(&response),
            expected,
            "{traverse} {folder} {app_names:?} {server_type}"
        );
    }
    let mut request = request(Some(of("alice")));
    request.desired_details.clear();
    let response = controller.ask(&request).await.unwrap();
    let first = &response.applications[0];
    assert!(first.settings.is_none() && first.access_list.is_none());
}

#[tokio::test]
async fn wrong_password_is_rejected_before_listing() {
    let folder = Folder::new();
    let controller = folder.serve_with("xenapp-6", EXPOSED).await;
    let credentials = typed("alice", "wrong", Some("DEMO"));
    let error = controller
        .ask(&request(Some(credentials)))
        .await
        .unwrap_err();
    assert_eq!(error.id, ErrorId::FAILED_CREDENTIALS);
}
