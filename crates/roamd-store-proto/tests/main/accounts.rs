//! Accounts and provisioning files, store-services.md §8.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use roamd_store_proto::{Account, Accounts, Provisioning, ServiceRecord};
use roamd_xml::FaultKind;

use crate::{ascii, fault};

fn record() -> ServiceRecord {
    ServiceRecord {
        srid: "1482560817".to_owned(),
        name: "Store".to_owned(),
        address: "https://sf.example.net/Citrix/Store/discovery".to_owned(),
        internal_beacons: vec!["https://sf.example.net/Citrix/Store/discovery".to_owned()],
    }
}

fn account(name: &str, store: Option<ServiceRecord>) -> Account {
    Account {
        id: "775552B2-3E81-4FDA-93D1-CE0374E902AD".to_owned(),
        name: name.to_owned(),
        description: String::new(),
        published: true,
        content_hash: "0A1B".to_owned(),
        store,
    }
}

/// Returns a document with a line for each tag.
fn lines(document: Vec<u8>) -> String {
    let text = ascii(document);
    text.replace("><", ">\n<")
        .replace("\" xmlns:", "\"\nxmlns:")
}

/// ST-71
#[test]
fn accounts_with_details_have_the_published_form() {
    let accounts = Accounts {
        accounts: vec![account("Store", Some(record()))],
    };
    let xml = lines(accounts.to_xml());
    insta::assert_snapshot!(xml, @r##"
    <?xml version="1.0" encoding="utf-8"?>
    <accounts xmlns="http://citrix.com/delivery-services/2-1/accounts"
    xmlns:sr="http://www.citrix.com/ServiceRecord">
    <account>
    <id>775552B2-3E81-4FDA-93D1-CE0374E902AD</id>
    <name>Store</name>
    <description/>
    <published>true</published>
    <contentHash>0A1B</contentHash>
    <details>
    <updaterType>citrix</updaterType>
    <annotatedServices>
    <annotatedService>
    <sr:Service type="Store">
    <sr:SRID>1482560817</sr:SRID>
    <sr:Name>Store</sr:Name>
    <sr:Address>https://sf.example.net/Citrix/Store/discovery</sr:Address>
    <sr:Gateways/>
    <sr:Beacons>
    <sr:Internal>
    <sr:Beacon>https://sf.example.net/Citrix/Store/discovery</sr:Beacon>
    </sr:Internal>
    <sr:External/>
    </sr:Beacons>
    </sr:Service>
    <metadata>
    <plugins/>
    <trustSettings/>
    <properties/>
    </metadata>
    </annotatedService>
    </annotatedServices>
    <metadata>
    <plugins/>
    <trustSettings/>
    <properties/>
    </metadata>
    </details>
    </account>
    </accounts>
    "##);
}

/// ST-72
#[test]
fn summary_has_no_details() {
    let accounts = Accounts {
        accounts: vec![account("B\u{fc}ro & Labor", None)],
    };
    let xml = lines(accounts.to_xml());
    insta::assert_snapshot!(xml, @r##"
    <?xml version="1.0" encoding="utf-8"?>
    <accounts xmlns="http://citrix.com/delivery-services/2-1/accounts"
    xmlns:sr="http://www.citrix.com/ServiceRecord">
    <account>
    <id>775552B2-3E81-4FDA-93D1-CE0374E902AD</id>
    <name>B&#xFC;ro &amp; Labor</name>
    <description/>
    <published>true</published>
    <contentHash>0A1B</contentHash>
    </account>
    </accounts>
    "##);
}

/// ST-73
#[test]
fn provisioning_file_has_the_form_of_public_files() {
    let file = Provisioning {
        stores: vec![record()],
    };
    let xml = lines(file.to_xml());
    insta::assert_snapshot!(xml, @r##"
    <?xml version="1.0" encoding="utf-8"?>
    <Services xmlns="http://www.citrix.com/ServiceRecord" version="1.0">
    <Service type="Store">
    <SRID>1482560817</SRID>
    <Name>Store</Name>
    <Address>https://sf.example.net/Citrix/Store/discovery</Address>
    <Gateways/>
    <Beacons>
    <Internal>
    <Beacon>https://sf.example.net/Citrix/Store/discovery</Beacon>
    </Internal>
    <External/>
    </Beacons>
    </Service>
    </Services>
    "##);
}

/// ST-30: a public file has another case, gateways and more services.
#[test]
fn services_of_other_types_are_ignored() {
    let file = "<Services version='1.0' xmlns='http://www.citrix.com/ServiceRecord'>\
                <Service type='VPN'><SRID>1</SRID><Name>VPN</Name><Address/></Service>\
                <Service type='store'><SRID>2</SRID><Name>Lab</Name><Address>https://a/</Address>\
                <Gateways><Gateway Name='gw'><Location>https://b/</Location></Gateway></Gateways>\
                <Beacons><Internal/><External><Beacon>http://c/</Beacon></External></Beacons>\
                </Service></Services>";
    let read = Provisioning::from_xml(file.as_bytes()).unwrap();
    let lab = ServiceRecord {
        srid: "2".to_owned(),
        name: "Lab".to_owned(),
        address: "https://a/".to_owned(),
        internal_beacons: Vec::new(),
    };
    assert_eq!(read.stores, [lab]);
    let nameless = file.replace("<Name>Lab</Name>", "");
    assert_eq!(
        fault(Provisioning::from_xml(nameless.as_bytes())),
        ("Services/Service/Name".to_owned(), FaultKind::Missing)
    );
}

/// Generates texts of one trimmed line.
fn text() -> impl Strategy<Value = String> {
    r#"[a-zA-Z0-9<>&"'äβ語\]\-]{1,30}"#
}

prop_compose! {
    fn any_record()(
        srid in "[0-9]{1,20}",
        name in text(),
        address in text(),
        internal_beacons in vec(text(), 0..3),
    ) -> ServiceRecord {
        ServiceRecord { srid, name, address, internal_beacons }
    }
}

prop_compose! {
    fn any_account()(
        id in text(),
        name in text(),
        description in option::of(text()),
        published: bool,
        content_hash in text(),
        store in option::of(any_record()),
    ) -> Account {
        let description = description.unwrap_or_default();
        Account { id, name, description, published, content_hash, store }
    }
}

proptest! {
    #[test]
    fn accounts_round_trip(accounts in vec(any_account(), 0..4)) {
        let accounts = Accounts { accounts };
        prop_assert_eq!(Accounts::from_xml(&accounts.to_xml()), Ok(accounts));
    }

    #[test]
    fn provisioning_files_round_trip(stores in vec(any_record(), 0..4)) {
        let file = Provisioning { stores };
        prop_assert_eq!(Provisioning::from_xml(&file.to_xml()), Ok(file));
    }
}
