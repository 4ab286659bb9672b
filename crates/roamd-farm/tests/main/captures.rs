//! Requests with the bytes that public captures of monitors and clients show, replayed over
//! sockets.

use roamd_farm::{Application, ServeOptions, World};

use crate::support::{Controller, Folder, GENERATIONS, PASSWORD, small_world, small_world_with};

const EXPOSED: ServeOptions = ServeOptions {
    expose_catalog: true,
};

/// NetScaler's monitor `CITRIX-XML-SERVICE` (client-quirks.md §7): it marks the service as up if
/// the response has a `TicketTag`.
const XML_SERVICE_MONITOR: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n",
    "<!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\">\r\n",
    "<NFuseProtocol version=\"4.1\">\r\n",
    "<RequestAddress>\r\n",
    "<Flags>no-load-bias</Flags><Name>\r\n",
    "<AppName>NOTEPAD</AppName>\r\n",
    "</Name>\r\n",
    "</RequestAddress>\r\n",
    "</NFuseProtocol>\r\n",
);

/// The small world with an application `Notepad` on every farm.
fn world() -> World {
    let notepad = Application {
        name: "Notepad".to_owned(),
        ..small_world().farms[0].applications[0].clone()
    };
    small_world_with(move |farm| farm.applications.push(notepad.clone()))
}

/// Posts a body with the head of the monitor, and returns the body of the response.
async fn monitor(controller: &Controller, body: &str) -> String {
    let request = format!(
        "POST /scripts/wpnbr.dll HTTP/1.1\r\nHost: 192.0.2.64\r\nContent-Length: {}\r\n\
         Content-Type: text/xml\r\nConnection: Close\r\n\r\n{body}",
        body.len()
    );
    let response = controller.exchange(request.as_bytes()).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    body.to_owned()
}

/// nfuse.md §5.3: a request without an address type gets the address without a port.
#[tokio::test]
async fn xml_service_monitor_is_up_with_an_exposed_catalog() {
    let folder = Folder::of(&world());
    for generation in GENERATIONS {
        let controller = folder.serve_with(generation, EXPOSED).await;
        let body = monitor(&controller, XML_SERVICE_MONITOR).await;
        for part in [
            "<ServerAddress addresstype=\"dot\">192.0.2.",
            "</ServerAddress>",
            "<ServerType>win32</ServerType>",
            "<ConnectionType>tcp</ConnectionType>",
            "<ClientType>ica30</ClientType>",
            "<TicketTag>",
            "<FarmLoadHint>",
        ] {
            assert!(body.contains(part), "{generation}: {part} is not in {body}");
        }
        assert!(!body.contains(":1494"), "{generation}: {body}");
    }
    for generation in GENERATIONS {
        assert_eq!(
            folder.states(generation),
            [""; 0],
            "a monitor starts nothing"
        );
    }
}

#[tokio::test]
async fn xml_service_monitor_is_down_without_catalog_or_application() {
    let folder = Folder::of(&world());
    let without = Folder::new();
    for generation in GENERATIONS {
        for controller in [
            folder.serve(generation).await,
            without.serve_with(generation, EXPOSED).await,
        ] {
            let body = monitor(&controller, XML_SERVICE_MONITOR).await;
            assert!(!body.contains("TicketTag"), "{generation}: {body}");
            let expected = match generation {
                "cvad-7" => "<ErrorId>no-available-workstation</ErrorId>",
                _ => "<MPSError type=\"IMA\">0x80060001</MPSError>",
            };
            assert!(body.contains(expected), "{generation}: {body}");
        }
    }
}

/// NetScaler's monitor `CITRIX-XD-DDC` needs the identity of the farm, and with *Validate
/// Credentials* a user (client-quirks.md §7).
#[tokio::test]
async fn ddc_monitor_is_up_whatever_the_farm_exposes() {
    let folder = Folder::new();
    for generation in GENERATIONS {
        let controller = folder.serve(generation).await;
        let farm = "<NFuseProtocol version=\"5.0\"><RequestServerFarmData><Nil/>\
                    </RequestServerFarmData></NFuseProtocol>";
        let body = monitor(&controller, farm).await;
        assert!(
            body.contains("<ServerFarmName>Farm"),
            "{generation}: {body}"
        );
        for (password, is_up) in [(PASSWORD, true), ("wrong", false)] {
            let user = format!(
                "<NFuseProtocol version=\"5.0\"><RequestValidateCredentials><Credentials>\
                 <UserName>alice</UserName><Password encoding=\"cleartext\">{password}</Password>\
                 <Domain type=\"NT\">DEMO</Domain></Credentials></RequestValidateCredentials>\
                 </NFuseProtocol>"
            );
            let body = monitor(&controller, &user).await;
            let has_error = body.contains("<ErrorId>failed-credentials</ErrorId>");
            assert_eq!(has_error, !is_up, "{generation}: {body}");
        }
    }
}

/// The request of an enumeration as a 7.13 broker was asked: 5.5, no declaration, names in odd case
/// (nfuse.md §6.2).
fn enumeration(detail: &str) -> String {
    format!(
        "<NFuseProtocol version=\"5.5\">\r\n    <RequestAppData>\r\n        \
         <Scope Traverse=\"subtree\"></Scope>\r\n        <DesiredDetails>{detail}</DesiredDetails>\
         \r\n        <ServerType>all</ServerType>\r\n        <ClientType>ica30</ClientType>\r\n\
         <ClientType>content</ClientType>\r\n        <Credentials>\r\n            \
         <UserName>alice</UserName>\r\n            <Password encoding=\"cleartext\">{PASSWORD}\
         </Password>\r\n            <Domain type=\"NT\">DEMO</Domain>\r\n        </Credentials>\r\n\
         <Clientname>KIOSK-07</Clientname>\r\n        \
         <ClientAddress addresstype=\"dot\">192.0.2.15</ClientAddress>\r\n    </RequestAppData>\
         \r\n</NFuseProtocol>"
    )
}

#[tokio::test]
async fn enumeration_has_the_elements_of_its_generation() {
    let folder = Folder::new();
    for generation in GENERATIONS {
        let controller = folder.serve(generation).await;
        let is_fma = generation == "cvad-7";
        for (detail, asks) in [("permissions", true), ("defaults", false), ("all", true)] {
            let (status, body) = controller.post(enumeration(detail).as_bytes()).await;
            assert_eq!(status, 200, "{body}");
            // Without the layout, which depends on the generation.
            let body: String = body.split_whitespace().collect();
            let with = |text: &str| body.contains(text);
            assert!(with("<InName>Here</InName>"), "{generation}: {body}");
            assert_eq!(
                with("<Scope></Scope>") || with("<Scope/>"),
                is_fma,
                "{body}"
            );
            assert_eq!(with("<Scopetraverse=\"onelevel\"/>"), !is_fma, "{body}");
            assert_eq!(with("<LeasingStatus>working<"), is_fma, "{body}");
            let has_permissions = with("<ClientType>ica30</ClientType><Permissions");
            assert_eq!(
                has_permissions,
                is_fma && asks,
                "{generation} {detail}: {body}"
            );
        }
    }
}

/// nfuse.md §1.2, §6.3: what the farm understands and refuses is `200` with an `ErrorId`.
#[tokio::test]
async fn request_that_is_not_served_gets_an_nfuse_error() {
    let folder = Folder::new();
    let alternate = "<ServerAddress addresstype=\"dot\">192.0.2.1</ServerAddress>";
    for generation in GENERATIONS {
        let controller = folder.serve(generation).await;
        for (version, name, content, response, error) in [
            (
                "5.0",
                "RequestAltAddress",
                alternate,
                "ResponseAltAddress",
                "no-alt-address",
            ),
            (
                "1.1",
                "requestaltaddress",
                alternate,
                "Responsealtaddress",
                "no-alt-address",
            ),
            (
                "4.5",
                "RequestDiscSessionData",
                "<Scope traverse=\"onelevel\"/><ClientName>KIOSK</ClientName>",
                "ResponseDiscSessionData",
                "unspecified",
            ),
            (
                "5.4",
                "RequestCoffee",
                "<Nil/>",
                "ResponseCoffee",
                "unspecified",
            ),
            (
                "6.0",
                "RequestCoffee",
                "<Nil/>",
                "ResponseCoffee",
                "version-mismatch",
            ),
        ] {
            let request = format!(
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!DOCTYPE NFuseProtocol SYSTEM \
                 \"NFuse.dtd\">\n<NFuseProtocol version=\"{version}\"><{name}>{content}</{name}>\
                 </NFuseProtocol>\n"
            );
            let (status, body) = controller.post(request.as_bytes()).await;
            assert_eq!(status, 200, "{name}: {body}");
            assert!(
                body.starts_with("<?xml version=\"1.0\" encoding=\"ISO-8859-1\""),
                "{body}"
            );
            let parts = [
                format!("<{response}>"),
                format!("<ErrorId>{error}</ErrorId>"),
            ];
            for part in parts {
                assert!(
                    body.contains(&part),
                    "{generation}: {part} is not in {body}"
                );
            }
        }
        // A name that no request can have is no NFuse request.
        for name in [
            "RequestCaf\u{e9}",
            "Request-x",
            &format!("Request{}", "x".repeat(100)),
        ] {
            let request = format!("<NFuseProtocol version=\"5.4\"><{name}/></NFuseProtocol>");
            let (status, body) = controller.post(request.as_bytes()).await;
            assert_eq!(status, 400, "{name}: {body}");
        }
    }
}
