//! Resources, store-services.md §5.

use roamd_store_proto::{
    EnumerationStatus, Group, Groups, Image, Property, Resource, ResourceType, Resources, StartMenu,
};
use roamd_xml::FaultKind;

use crate::{ascii, compact, fault};

const NAMESPACE: &str = "http://citrix.com/delivery-services/2-0/resources";

fn ledger() -> Resource {
    let link = "https://sf.example.net/Citrix/Store/resources/v2/TGFiMS5MZWRnZXI";
    Resource {
        id: "Lab1.Ledger".to_owned(),
        link: Some(link.to_owned()),
        title: "Ledger".to_owned(),
        summary: "Book keeping".to_owned(),
        path: r"\".to_owned(),
        resource_type: ResourceType::APPLICATION,
        client_types: vec!["ica30".to_owned()],
        enabled: true,
        launch_ica: Some(format!("{link}/launch/ica")),
        publisher_resource_id: "Ledger".to_owned(),
        publisher_name: "Lab1".to_owned(),
        ..Resource::default()
    }
}

/// A resource with all elements, although no kind of resource has all of them.
fn full_resource() -> Resource {
    Resource {
        title: "Büro".to_owned(),
        path: r"\Lab\Room".to_owned(),
        resource_type: ResourceType::DESKTOP,
        plays_file_types: vec![".txt".to_owned(), ".csv".to_owned()],
        content_location: Some(r"\\files\R & D.xls".to_owned()),
        images: vec![
            Image { size: 32, depth: 4 },
            Image {
                size: 48,
                depth: 32,
            },
        ],
        keywords: vec!["Featured".to_owned(), "Auto".to_owned()],
        properties: vec![Property {
            id: "Room".to_owned(),
            values: vec!["12".to_owned(), "R & D".to_owned()],
        }],
        enabled: false,
        image: Some("https://h/image".to_owned()),
        icon: Some("https://h/icon".to_owned()),
        on_desktop: true,
        start_menu: Some(StartMenu {
            root: "programs".to_owned(),
            path: r"Lab\Room".to_owned(),
        }),
        featured: true,
        image_hash: Some("aB3".to_owned()),
        aggregated: true,
        ..ledger()
    }
}

fn list(resources: Vec<Resource>) -> Resources {
    Resources {
        enumeration: EnumerationStatus::Full,
        resources,
    }
}

#[test]
fn specified_resources_round_trip_byte_for_byte() {
    // ST-60, ST-61, ST-63, ST-65, CQ-66, CQ-67
    let example = include_str!("data/resources.xml");
    let expected = list(vec![ledger()]);
    assert_eq!(
        Resources::from_xml(example.as_bytes()),
        Ok(expected.clone())
    );
    let written = ascii(expected.to_xml(&Groups::all()));
    assert_eq!(written, compact(example));
}

#[test]
fn single_resource_is_the_list_element_as_root() {
    // ST-62
    let alone = ascii(full_resource().to_xml(&Groups::all()));
    insta::assert_snapshot!(alone.replace("><", ">\n<"));
    assert_eq!(Resource::from_xml(alone.as_bytes()), Ok(full_resource()));
    let of_list = ascii(list(vec![full_resource()]).to_xml(&Groups::all()));
    let (_, elements) = alone.split_once("<id>").unwrap();
    assert!(of_list.contains(elements), "{of_list}");
}

#[test]
fn resource_has_only_the_requested_groups() {
    // ST-57, ST-63, ST-64
    let names = |groups: &Groups| -> Vec<String> {
        let document = ascii(full_resource().to_xml(groups));
        let (_, content) = document.split_once("<id>").unwrap();
        let mut depth = 1;
        let mut names = vec!["id".to_owned()];
        for tag in content.split('<').skip(1) {
            let name = tag.split(['>', '/']).find(|name| !name.is_empty()).unwrap();
            if tag.starts_with('/') {
                depth -= 1;
            } else if !tag.contains("/>") {
                if depth == 0 {
                    names.push(name.to_owned());
                }
                depth += 1;
            }
        }
        names
    };
    let core = [
        "id",
        "link",
        "title",
        "summary",
        "path",
        "resourcetype",
        "clienttypes",
        "enabled",
        "image",
        "showondesktop",
        "showonstartmenu",
        "startmenuroot",
        "startmenupath",
        "featured",
        "imagehash",
        "aggregatedresource",
        "publisherresourceid",
        "publishername",
    ];
    let table: &[(&[&str], &[&str])] = &[
        (&["core"], &core),
        (&["Status"], &["id", "link"]),
        (&["launch"], &["id", "contentlocation", "launchica"]),
        (
            &["LAUNCH", "icon", "none"],
            &["id", "contentlocation", "launchica", "icon"],
        ),
        (&["keywords"], &["id", "keywords", "properties"]),
        (&["fta", "vm"], &["id", "playsfiletypes"]),
        (&["images"], &["id", "images"]),
        (&["unknown", ""], &["id"]),
    ];
    for (asked, expected) in table {
        let groups = Groups::named(asked.iter().copied());
        assert_eq!(names(&groups), *expected, "{asked:?}");
    }
    for all in [&[][..], &["ALL"], &["core", "all"]] {
        let groups = Groups::named(all.iter().copied());
        assert!(Group::ALL.iter().all(|group| groups.has(*group)), "{all:?}");
        assert_eq!(groups, Groups::all());
    }
}

#[test]
fn resource_of_another_store_decodes() {
    // ST-12
    let text = format!(
        "<r:resources xmlns:r='{NAMESPACE}' enumeration='partial' more='1'><r:extra/>\
         <r:resource kind='x'><r:id> 1 </r:id><r:mandatory>true</r:mandatory>\
         <r:image><r:url>http://a/</r:url><r:more/></r:image></r:resource></r:resources>"
    );
    let read = Resources::from_xml(text.as_bytes()).unwrap();
    assert_eq!(read.enumeration, EnumerationStatus::Partial);
    let expected = Resource {
        id: "1".to_owned(),
        enabled: true,
        image: Some("http://a/".to_owned()),
        ..Resource::default()
    };
    assert_eq!(read.resources, [expected]);
}

#[test]
fn resource_without_id_or_link_url_is_rejected() {
    let around = |content: &str| {
        format!(
            "<resources xmlns='{NAMESPACE}' enumeration='full'>\
             <resource>{content}</resource></resources>"
        )
    };
    for (content, path, kind) in [
        ("<title>a</title>", "id", FaultKind::Missing),
        ("<id/>", "id", FaultKind::Empty),
        ("<id>1</id><id>2</id>", "id", FaultKind::Repeated),
        (
            "<id>1</id><launchica/>",
            "launchica/url",
            FaultKind::Missing,
        ),
        (
            "<id>1</id><enabled>maybe</enabled>",
            "enabled",
            FaultKind::Unexpected {
                expected: "true, false, 1 or 0",
            },
        ),
        (
            "<id>1</id><properties><property/></properties>",
            "properties/property/propertyId",
            FaultKind::Missing,
        ),
        (
            "<id>1</id><images><image><size>32</size><depth>0</depth></image></images>",
            "images/image/depth",
            FaultKind::Unexpected {
                expected: "a number from 1 to 65535",
            },
        ),
    ] {
        let read = Resources::from_xml(around(content).as_bytes());
        let path = format!("resources/resource/{path}");
        assert_eq!(fault(read), (path, kind), "{content}");
    }
}
