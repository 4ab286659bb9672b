//! Resources of a user (store-services.md §5).

use roamd_farm::World;
use roamd_store_proto::{
    Endpoints, EnumerationStatus, Image, LaunchData, Resource, ResourceType, Resources, StartMenu,
};
use roamd_testkit::ScriptedController;
use roamd_testsuite::{Options, SignedIn, TestEnvironment, challenge_of, path_of, sign_in};

const LIST: &str = "application/vnd.citrix.resources+xml";
const ONE: &str = "application/vnd.citrix.resource+xml";

/// Data that looks like a PNG image to the server.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x80\0\0\0\x80of the farm";

async fn list(user: &SignedIn) -> Resources {
    let response = user
        .get_with("/Citrix/Store/resources/v2", &[("Accept", LIST)])
        .await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(response.header("content-type"), Some(LIST));
    let caching = response.header("cache-control");
    assert_eq!(caching, Some("no-cache, no-store, max-age=0"), "ST-20");
    Resources::from_xml(&response.body).unwrap()
}

fn ids(list: &Resources) -> Vec<&str> {
    let resources = list.resources.iter();
    resources.map(|resource| resource.id.as_str()).collect()
}

/// Returns the path of a link. Panics if there is none.
fn path(link: Option<&String>) -> &str {
    path_of(link.unwrap())
}

/// Starts the demo environment with a scripted farm that has one application.
async fn scripted(content: &str) -> (TestEnvironment, ScriptedController, SignedIn) {
    let farm = ScriptedController::healthy().await;
    publish(&farm, content);
    let env = TestEnvironment::start(Options {
        more_sections: farm.farm_section("LAB", "Lab & Co"),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    (env, farm, alice)
}

fn publish(farm: &ScriptedController, content: &str) {
    let data = format!("<AppDataSet><AppData>{content}</AppData></AppDataSet>");
    farm.set_content("AppData", &data);
}

#[tokio::test]
async fn list_has_the_resources_of_all_farms() {
    // ST-55, ST-60
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let list = list(&alice).await;
    assert_eq!(list.enumeration, EnumerationStatus::Full);
    assert_eq!(
        ids(&list),
        [
            "XA1.MSPaint",
            "XA1.Notepad",
            "XA1.XADesktop",
            "XD5.Win7Desktop",
            "CVAD.Excel",
            "CVAD.Word",
            "CVAD.Win11Desktop",
        ],
        "Notepad is published by two farms of a group"
    );
    for resource in &list.resources {
        let notepad = resource.title == "Notepad";
        assert_eq!(resource.aggregated, notepad, "{}", resource.id);
        let desktop = resource.title.ends_with("Desktop");
        let kind = if desktop {
            ResourceType::DESKTOP
        } else {
            ResourceType::APPLICATION
        };
        assert_eq!(resource.resource_type, kind, "{}", resource.id);
        assert_eq!(resource.path, r"\");
        assert!(resource.enabled && resource.image_hash.is_some());
        let (farm, name) = resource.id.split_once('.').unwrap();
        assert_eq!(resource.publisher_resource_id, name);
        assert!(env.controllers.iter().any(|(id, _)| id == farm));
    }
    // Sessions have the same resource ids.
    for session in alice.resources("WS-1", "").await {
        assert!(ids(&list).contains(&session.as_str()), "{session}");
    }
}

#[tokio::test]
async fn single_resource_equals_its_entry_in_the_list() {
    // ST-21, ST-56, ST-59, ST-62
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    for resource in list(&alice).await.resources {
        let link = path(resource.link.as_ref()).to_owned();
        let response = alice.get_with(&link, &[("Accept", ONE)]).await;
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(response.header("content-type"), Some(ONE));
        assert_eq!(Resource::from_xml(&response.body), Ok(resource));
    }
    let base = "/Citrix/Store/resources/v2";
    for segment in [
        "WEExLkV4Y2Vs",             // XA1.Excel, which is on another farm
        "Tk9ORS5Xb3Jk",             // NONE.Word
        "Q1ZBRC5Xb3Jk-",            // of no bytes
        "MSPaint",                  // not made here
        "WEExLk1TUGFpbnQvLi4vLi4v", // XA1.MSPaint/../../
    ] {
        for below in ["", "/image", "/icon/32"] {
            let response = alice.get(&format!("{base}/{segment}{below}")).await;
            assert_eq!(response.status, 404, "{segment}{below}");
            let reason = response.header("x-citrix-error-reason");
            assert_eq!(reason, Some("ResourceNotFound"), "{segment}{below}");
        }
    }
    // ST-54: without a response of its farm, an application is not known to be missing.
    env.stop_farm("CVAD").await;
    env.restart_server().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    for (segment, expected) in [("Q1ZBRC5Xb3Jk", 503), ("WEExLk1TUGFpbnQ", 200)] {
        let response = alice.get(&format!("{base}/{segment}")).await;
        assert_eq!(response.status, expected, "{}", response.text());
        assert_eq!(response.header("retry-after").is_some(), expected == 503);
    }
    let partial = list(&alice).await;
    assert_eq!(partial.enumeration, EnumerationStatus::Partial);
    assert_eq!(
        ids(&partial),
        [
            "XA1.MSPaint",
            "XA1.Notepad",
            "XA1.XADesktop",
            "XD5.Win7Desktop"
        ]
    );
}

#[tokio::test]
async fn application_published_to_others_is_not_found() {
    let mut world = World::demo();
    world.sessions.clear();
    world.farms[0].applications[0].users = Some(vec![r"DEMO\bob".to_owned()]);
    let env = TestEnvironment::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    let of_bob = list(&bob).await.resources.remove(0);
    assert_eq!(of_bob.id, "XA1.MSPaint");
    let alice = sign_in(&env, "alice", "roam-demo").await;
    assert_eq!(list(&alice).await.resources[0].id, "XA1.Notepad");
    for link in [&of_bob.link, &of_bob.image, &of_bob.icon] {
        let link = path(link.as_ref());
        assert_eq!(bob.get(link).await.status, 200, "{link}");
        assert_eq!(alice.get(link).await.status, 404, "{link}");
    }
}

#[tokio::test]
async fn list_has_all_properties_of_an_application() {
    // ST-63, ST-69
    let (env, _farm, alice) = scripted(
        "<InName>R&amp;D 2.1</InName><FName>R&amp;D \u{FC}ber</FName><Details>\
         <Settings appisdisabled=\"true\" appisdesktop=\"true\"><Folder>\\Lab\\Room</Folder>\
         <Description>Room 12 KEYWORDS:Featured Auto floor=\"first &amp; second\" floor=3\
         </Description><AppOnDesktop value=\"true\"/>\
         <AppInStartmenu value=\"true\" root=\"programs\">Lab</AppInStartmenu>\
         <PublisherName>other</PublisherName></Settings>\
         <IconInfo><IconType size=\"32\" bpp=\"4\" format=\"raw\"/>\
         <IconType size=\"48\" bpp=\"32\" format=\"PNG\"/></IconInfo>\
         <FileType name=\"plan\"><FileExtension>.plan</FileExtension></FileType>\
         <FileType name=\"text\"><FileExtension>.txt</FileExtension>\
         <FileExtension>.plan</FileExtension></FileType></Details><SeqNo>-7</SeqNo>",
    )
    .await;
    let found = list(&alice).await.resources.pop().unwrap();
    let url = env.url("/Citrix/Store/resources/v2/TEFCLlImRCAyLjE");
    assert_eq!(found.link.as_ref(), Some(&url));
    let hash = found.image_hash.clone().unwrap();
    assert!(hash.len() >= 16 && hash.is_ascii());
    let expected = Resource {
        id: "LAB.R&D 2.1".to_owned(),
        title: "R&D \u{FC}ber".to_owned(),
        summary: "Room 12".to_owned(),
        path: r"\Lab\Room".to_owned(),
        resource_type: ResourceType::DESKTOP,
        plays_file_types: vec![".plan".to_owned(), ".txt".to_owned()],
        content_location: None,
        client_types: vec!["ica30".to_owned()],
        images: vec![Image {
            size: 48,
            depth: 32,
        }],
        keywords: vec!["Featured".to_owned(), "Auto".to_owned()],
        properties: vec![roamd_store_proto::Property {
            id: "floor".to_owned(),
            values: vec!["first & second".to_owned(), "3".to_owned()],
        }],
        enabled: false,
        launch_ica: None,
        image: Some(format!("{url}/image")),
        icon: Some(format!("{url}/icon")),
        on_desktop: true,
        start_menu: Some(StartMenu {
            root: "programs".to_owned(),
            path: "Lab".to_owned(),
        }),
        featured: true,
        image_hash: Some(hash),
        aggregated: false,
        publisher_resource_id: "R&D 2.1".to_owned(),
        publisher_name: "Lab & Co".to_owned(),
        link: Some(url),
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn document_resource_has_its_content_location() {
    // ST-52, ST-63, ST-66
    let (_env, farm, alice) = scripted("").await;
    let publish = |address: &str| {
        publish(
            &farm,
            &format!(
                "<InName>Prices</InName><Details><ContentSettings>\
                 <ContentAddress>{address}</ContentAddress></ContentSettings></Details>\
                 <ClientType>content</ClientType>"
            ),
        );
    };
    for (address, location) in [
        (
            r"\\files\R&amp;D\prices.xls",
            Some(r"\\files\R&D\prices.xls"),
        ),
        (
            "https://intranet.example/",
            Some("https://intranet.example/"),
        ),
        ("javascript://x/%0aalert(1)", None),
        ("", None),
    ] {
        publish(address);
        let found = list(&alice).await.resources.pop().unwrap();
        assert_eq!(found.resource_type, ResourceType::DOCUMENT, "{address}");
        assert_eq!(found.client_types, ["content"]);
        assert_eq!(found.content_location.as_deref(), location, "{address}");
        assert_eq!(found.launch_ica, None);
        let url = format!("{}/launch/ica", found.link.unwrap());
        let response = alice.launch(&url, "DESK-C").await;
        assert_eq!(response.status, 404);
        let reason = response.header("x-citrix-error-reason");
        assert_eq!(reason, Some("UnsupportedOperation"));
    }
    let asked = farm.last_request("AppData");
    assert!(
        asked.contains("<ClientType>content</ClientType>"),
        "{asked}"
    );
}

#[tokio::test]
async fn unlaunchable_resource_gets_404_with_its_reason() {
    // ST-52, ST-54, SS-62
    let mut world = World::demo();
    world.sessions.clear();
    world.farms[0].applications[0].users = Some(vec![r"DEMO\bob".to_owned()]);
    let farm = ScriptedController::healthy().await;
    publish(
        &farm,
        "<InName>Ledger</InName><Details><Settings appisdisabled=\"true\"/></Details>",
    );
    let env = TestEnvironment::start(Options {
        world,
        more_sections: farm.farm_section("LAB", "Lab"),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let base = "http://roamd/Citrix/Store/resources/v2";
    for (segment, reason) in [
        ("WEExLk1TUGFpbnQ", "ResourceNotFound"), // XA1.MSPaint, which is bob's
        ("Tk9ORS5Xb3Jk", "ResourceNotFound"),    // NONE.Word
        ("MSPaint", "ResourceNotFound"),         // not made here
        ("TEFCLkxlZGdlcg", "ResourceDisabled"),  // LAB.Ledger
        ("Q1ZBRC5Xb3Jk/launch/ica/key", "ResourceNotFound"), // a key that was not given
    ] {
        let url = if segment.contains('/') {
            format!("{base}/{segment}")
        } else {
            format!("{base}/{segment}/launch/ica")
        };
        let response = alice.launch(&url, "DESK-C").await;
        assert_eq!(response.status, 404, "{segment}");
        assert_eq!(
            response.header("x-citrix-error-reason"),
            Some(reason),
            "{segment}"
        );
        let challenge = challenge_of(&env.server.send("POST", path_of(&url), &[], b"").await);
        assert_eq!(challenge.hint, env.url("/Citrix/Store/resources/v2"));
    }
    assert!(!list(&alice).await.resources.pop().unwrap().enabled);
}

#[tokio::test]
async fn launch_without_ica_is_an_unsupported_operation() {
    // ST-52, SS-62
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let base = "/Citrix/Store/resources/v2";
    let word = "Q1ZBRC5Xb3Jk"; // CVAD.Word
    for (path, reason) in [
        (format!("{base}/{word}/launch/rade"), "UnsupportedOperation"),
        (format!("{base}/{word}/Launch/RDP"), "UnsupportedOperation"),
        (
            format!("{base}/{word}/launch/rade/key"),
            "UnsupportedOperation",
        ),
        (
            format!("{base}/Tk9ORS5Xb3Jk/launch/rade"),
            "ResourceNotFound",
        ), // NONE.Word
        (format!("{base}/MSPaint/launch/rdp"), "ResourceNotFound"),
    ] {
        let challenge = challenge_of(&env.server.send("POST", &path, &[], b"").await);
        assert_eq!(challenge.hint, env.url(base), "{path}");
        let response = alice.get(&path).await;
        assert_eq!(
            (response.status, response.header("allow")),
            (405, Some("POST"))
        );
        let response = alice.launch(&env.url(&path), "DESK-C").await;
        assert_eq!(response.status, 404, "{path}: {}", response.text());
        let found = response.header("x-citrix-error-reason");
        assert_eq!(found, Some(reason), "{path}");
    }
}

#[tokio::test]
async fn pending_resource_launch_continues_below_its_url() {
    // ST-44 to ST-46
    let (_env, farm, alice) = scripted("<InName>Ledger</InName>").await;
    let ledger = list(&alice).await.resources.pop().unwrap();
    let url = ledger.launch_ica.unwrap();
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let response = alice.launch(&url, "DESK-C").await;
    let Ok(LaunchData::Retry { url: next, .. }) = LaunchData::from_xml(&response.body) else {
        panic!("{}", response.text());
    };
    assert!(next.starts_with(&format!("{url}/")), "{next}");
    farm.make_healthy();
    let response = alice.launch(&next, "DESK-C").await;
    let data = LaunchData::from_xml(&response.body).unwrap();
    assert!(
        matches!(data, LaunchData::Success { .. }),
        "{}",
        response.text()
    );
    assert_eq!(
        alice.launch(&next, "DESK-C").await.status,
        404,
        "it has ended"
    );
}

#[tokio::test]
async fn list_is_filtered_by_groups_and_scopes() {
    // ST-57
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let of = async |query: &str| {
        let target = format!("/Citrix/Store/resources/v2{query}");
        let response = alice.get(&target).await;
        (response.status, response.text().to_owned())
    };
    let (_, all) = of("").await;
    for query in [
        "?group=all",
        "/withoutautoprovision",
        "?clientName=WS-1&clientAddress=192.0.2.7&subscriptionStatus=subscribed",
    ] {
        assert_eq!(of(query).await, (200, all.clone()), "{query}");
    }
    let (_, icons) = of("?group=Icon&x=y&group=none").await;
    assert!(
        icons.contains("<id>XA1.MSPaint</id><icon><url>http"),
        "{icons}"
    );
    assert!(!icons.contains("<title>"), "{icons}");
    let (_, nothing) = of("?group=unknown").await;
    assert!(nothing.contains("<resource><id>XA1.MSPaint</id></resource>"));
    for scope in ["%24PRELAUNCH%24", "$Anonymous_PreLaunch$"] {
        // The embedded farms publish no such resources.
        let (status, text) = of(&format!("?scope={scope}")).await;
        let list = Resources::from_xml(text.as_bytes()).unwrap();
        assert_eq!((status, list.enumeration), (200, EnumerationStatus::Full));
        assert_eq!(list.resources, [], "{scope}");
    }
    for scope in ["", "$PRELAUNCH", "all"] {
        let (status, text) = of(&format!("?scope={scope}")).await;
        assert_eq!(status, 400, "{scope}: {text}");
    }
}

#[tokio::test]
async fn prelaunch_resources_are_requested_by_scope() {
    // ST-57, nfuse.md §6.1
    let farm = ScriptedController::healthy().await;
    let options = Options {
        authentication: "credentials = \"CVAD\"".to_owned(),
        more_sections: farm.farm_section("LAB", "Lab"),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let published = "<AppDataSet><AppData><InName>Warm</InName><FName>Warm-up</FName></AppData>\
                     </AppDataSet>";
    farm.set_content("AppData", published);
    let target = "/Citrix/Store/resources/v2?scope=$PreLaunch$";
    let response = alice.get(target).await;
    let list = Resources::from_xml(&response.body).unwrap();
    let ids: Vec<_> = list.resources.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["LAB.Warm"], "the embedded farms publish none");
    assert_eq!(list.enumeration, EnumerationStatus::Full);
    let asked = farm.last_request("AppData");
    assert!(asked.contains(">$PRELAUNCH$</Scope>"), "{asked}");
    let asked = farm.request_count("AppData");
    let response = alice
        .get("/Citrix/Store/resources/v2?scope=$ANONYMOUS_PRELAUNCH$")
        .await;
    assert_eq!(Resources::from_xml(&response.body).unwrap().resources, []);
    assert_eq!(
        farm.request_count("AppData"),
        asked,
        "the farm is not asked, because no user is anonymous"
    );
}

#[tokio::test]
async fn resource_request_is_checked_in_the_specified_order() {
    // SS-62, ST-7, CQ-49
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let base = "/Citrix/Store/resources/v2";
    let mut targets = vec![base.to_owned(), format!("{base}?scope=wrong")];
    let word = list(&alice).await.resources.pop().unwrap();
    for link in [&word.link, &word.image, &word.icon] {
        targets.push(path(link.as_ref()).to_owned());
    }
    targets.push(format!("{base}/none"));
    for target in &targets {
        let posted = env.server.send("POST", target, &[], b"").await;
        assert_eq!(posted.status, 405, "{target}");
        assert_eq!(posted.header("allow"), Some("GET, HEAD"));
        let unknown = [("Accept", "text/plain")];
        let challenge = challenge_of(&env.server.send("GET", target, &unknown, b"").await);
        assert_eq!(challenge.hint, env.url(base), "{target}");
        assert_eq!(
            alice.get_with(target, &unknown).await.status,
            406,
            "{target}"
        );
    }
    // A token of one service opens the other.
    assert_eq!(alice.get(&targets[0]).await.status, 200);
    assert_eq!(alice.state("WS-1", "").await.unwrap().sessions.len(), 2);
}

#[tokio::test]
async fn endpoints_document_lists_the_resource_endpoints() {
    // ST-25
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let document = env
        .server
        .send("GET", "/Citrix/Store/endpoints/v1", &[], b"")
        .await;
    let endpoints = Endpoints::from_xml(&document.body).unwrap().endpoints;
    for (id, provisions) in [
        ("ListResources", false),
        ("ListResourcesWithAutoProvision", true),
    ] {
        let endpoint = endpoints.iter().find(|endpoint| endpoint.id == id).unwrap();
        let has = |capability: &str| endpoint.capabilities.iter().any(|it| it == capability);
        assert!(has("ResourcesEnumerationV2") && has("group:core") && has("group:all"));
        assert_eq!(has("AutoProvision"), provisions);
        let response = alice
            .get_with(path_of(&endpoint.url), &[("Accept", LIST)])
            .await;
        assert_eq!(response.status, 200);
    }
}

#[tokio::test]
async fn icon_is_served_in_the_requested_size_and_cached() {
    let icon = |size: u16| {
        let base64 = "iVBORw0KGgoAAAANSUhEUgAAAIAAAACAb2YgdGhlIGZhcm0=";
        format!(
            "<InName>Ledger</InName><IconData size=\"{size}\" bpp=\"32\" format=\"png\">{base64}</IconData>"
        )
    };
    let (_env, farm, alice) = scripted(&icon(128)).await;
    let ledger = list(&alice).await.resources.pop().unwrap();
    let image = path(ledger.image.as_ref()).to_owned();
    for target in [
        image.clone(),
        format!("{image}/128"),
        format!("{image}/100"),
    ] {
        let response = alice
            .get_with(&target, &[("Accept", "image/png,image/*;q=0.8")])
            .await;
        assert_eq!((response.status, &*response.body), (200, PNG), "{target}");
        assert_eq!(response.header("content-type"), Some("image/png"));
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(farm.request_count("AppData"), 2, "a list, and one icon");
    publish(&farm, &icon(32));
    let response = alice.get(&format!("{image}/32")).await;
    assert_eq!(response.body, PNG);

    // The same icon as an icon file.
    let response = alice.get(path(ledger.icon.as_ref())).await;
    assert_eq!(
        response.header("content-type"),
        Some("image/vnd.microsoft.icon")
    );
    assert_eq!(
        (&response.body[..4], &response.body[22..]),
        (&[0, 0, 1, 0][..], PNG)
    );
    let as_x_icon = [("Accept", "image/x-icon")];
    let response = alice.get_with(path(ledger.icon.as_ref()), &as_x_icon).await;
    assert_eq!(response.header("content-type"), Some("image/x-icon"));

    // A size has to be a number.
    for size in ["0x20", "-1", "big", "99999"] {
        let response = alice.get(&format!("{image}/{size}")).await;
        assert_eq!(response.status, 404, "{size}");
        let reason = response.header("x-citrix-error-reason");
        assert_eq!(reason, Some("ResourceNotFound"), "{size}");
    }
}

#[tokio::test]
async fn embedded_farm_has_an_icon_for_each_application() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let mut icons = Vec::new();
    for resource in list(&alice).await.resources {
        let image = path(resource.image.as_ref()).to_owned();
        for size in [16, 32, 48, 128, 256_u32] {
            let icon = alice.get(&format!("{image}/{size}")).await;
            assert_eq!(
                icon.body[12..20],
                [b"IHDR", &size.to_be_bytes()[..]].concat()
            );
            let palette = icon.body.windows(4).any(|four| four == b"PLTE");
            assert!(palette, "{}: the default icon of the server", resource.id);
            icons.push(icon.body);
        }
    }
    icons.sort();
    icons.dedup();
    assert!(icons.len() > 15, "applications have different icons");
}

#[tokio::test]
async fn icon_with_a_matching_etag_gets_304() {
    let (_env, _farm, alice) = scripted("<InName>Ledger</InName>").await;
    let ledger = list(&alice).await.resources.pop().unwrap();
    let image = path(ledger.image.as_ref()).to_owned();
    let first = alice.get(&image).await;
    let tag = first.header("etag").unwrap().to_owned();
    let caching = Some("private, max-age=3600");
    assert_eq!(
        (first.status, first.header("cache-control")),
        (200, caching)
    );
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = alice.get_with(&image, &[("If-None-Match", &known)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
        assert_eq!(again.header("etag"), Some(&*tag));
        assert_eq!(again.header("cache-control"), caching);
    }
    let other = alice
        .get_with(&image, &[("If-None-Match", "\"other\"")])
        .await;
    assert_eq!((other.status, other.body), (200, first.body.clone()));
    let small = alice.get(&format!("{image}/16")).await;
    assert_ne!(small.header("etag"), Some(&*tag));
}

#[tokio::test]
async fn invalid_icon_is_replaced_by_the_default() {
    let cases = [
        ("a farm without icons", "<InName>Ledger</InName>"),
        (
            "a raw icon",
            "<InName>Ledger</InName><IconData size=\"128\" bpp=\"4\" format=\"raw\">AAAA</IconData>",
        ),
        (
            "a page that says it is a icon",
            "<InName>Ledger</InName><IconData size=\"128\" bpp=\"32\" format=\"png\">\
             PHNjcmlwdD4=</IconData>",
        ),
        (
            "a picture of 2147483647 pixels in each direction",
            "<InName>Ledger</InName><IconData size=\"128\" bpp=\"32\" format=\"png\">\
             iVBORw0KGgoAAAANSUhEUn////9/////CAYAAAA=</IconData>",
        ),
    ];
    for (case, content) in cases {
        let (env, _farm, alice) = scripted(content).await;
        let ledger = list(&alice).await.resources.pop().unwrap();
        let image = alice.get(path(ledger.image.as_ref())).await;
        assert_eq!(image.status, 200, "{case}");
        assert!(
            image.body.starts_with(b"\x89PNG\r\n\x1a\n") && image.body != PNG,
            "{case}"
        );
        assert_eq!(image.body[16..24], [0, 0, 0, 128, 0, 0, 0, 128], "{case}");
        // A farm may have no icons. One that it has and that is not served is counted.
        let refused = usize::from(content.contains("\"png\""));
        let metrics = env.server.send("GET", "/metrics", &[], b"").await;
        let line = format!("roamd_farm_refused_icons_total{{farm=\"LAB\"}} {refused}\n");
        assert!(metrics.text().contains(&line), "{case}: {}", metrics.text());
    }
}

#[tokio::test]
async fn hostile_application_names_stay_text() {
    let name = "&lt;/id&gt;&lt;x&gt;]]&gt;&#10;\"'..%2F\u{202E}";
    let content = format!(
        "<InName>{name}</InName><FName>{name}</FName><Details><Settings><Folder>{name}</Folder>\
         <Description>{name} KEYWORDS:{name}=&lt;</Description></Settings></Details>"
    );
    let (_env, _farm, alice) = scripted(&content).await;
    let found = list(&alice).await.resources.pop().unwrap();
    let name = "</id><x>]]>\n\"'..%2F\u{202E}";
    assert_eq!(found.id, format!("LAB.{name}"));
    assert_eq!((found.title.as_str(), found.summary.as_str()), (name, name));
    assert_eq!(found.path, r"\", "a folder is one line");
    for link in [&found.link, &found.image, &found.icon] {
        let link = path(link.as_ref());
        assert_eq!(alice.get(link).await.status, 200, "{link}");
    }
}

#[tokio::test]
async fn every_list_is_requested_from_the_farms() {
    // ST-55
    let entry = |name: &str| format!("<InName>{name}</InName><FName>{name}</FName>");
    let (_env, farm, alice) = scripted(&entry("Ledger")).await;
    let published = |list: &Resources| ids(list).iter().any(|id| id.starts_with("LAB."));
    assert!(published(&list(&alice).await));
    publish(&farm, &entry("Payroll"));
    let changed = list(&alice).await;
    assert!(
        ids(&changed).contains(&"LAB.Payroll"),
        "{:?}",
        ids(&changed)
    );
    assert!(!ids(&changed).contains(&"LAB.Ledger"));
}
