//! Launch parameters, store-services.md §4.2.

use roamd_store_proto::{Audio, ColourDepth, DecodeError, Display, KeyPassthrough, LaunchParams};
use roamd_xml::FaultKind;

use crate::{ascii, fault};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/launchparams";

fn read(children: &str) -> Result<LaunchParams, DecodeError> {
    let text = format!("<launchparams xmlns=\"{NAMESPACE}\">{children}</launchparams>");
    LaunchParams::from_xml(text.as_bytes())
}

fn full() -> LaunchParams {
    LaunchParams {
        client_name: Some("kiosk-07".to_owned()),
        client_address: Some([192, 0, 2, 17].into()),
        device_id: Some("7f3a0c52".to_owned()),
        audio: Some(Audio::Medium),
        colour_depth: Some(ColourDepth::Sixteen),
        display: Some(Display::Seamless),
        key_passthrough: Some(KeyPassthrough::FullScreenOnly),
        special_folder_redirection: Some(false),
        clear_type_remoting: Some(true),
        show_desktop_viewer: Some(false),
        launcher: Some("roamd".to_owned()),
        virtual_com_port: Some(false),
        com_port_mapping: Some(true),
        client_printer: Some(true),
    }
}

#[test]
fn specified_launch_parameters_decode() {
    let expected = LaunchParams {
        client_name: Some("kiosk-07".to_owned()),
        client_address: Some([192, 0, 2, 17].into()),
        device_id: Some("7f3a0c52".to_owned()),
        audio: Some(Audio::Medium),
        display: Some(Display::FullScreen),
        ..LaunchParams::default()
    };
    let example = include_bytes!("data/launch_params.xml");
    assert_eq!(LaunchParams::from_xml(example), Ok(expected));
}

#[test]
fn all_launch_parameters_are_optional() {
    // ST-34
    assert_eq!(read(""), Ok(LaunchParams::default()));
}

#[test]
fn launch_parameters_of_a_real_client_decode() {
    // ST-37, ST-38, CQ-7, CQ-9, CQ-10
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-16\"?>\
         <q1:launchparams xmlns:q1=\"{NAMESPACE}\" xmlns:xsi=\"urn:x\" xsi:a=\"b\">\
         <q1:clientName>kiosk-07</q1:clientName><q1:deviceId>7f3a0c52</q1:deviceId>\
         <q1:clientAddress>192.0.2.17</q1:clientAddress><q1:audio>medium</q1:audio>\
         <q1:colourDepth>16</q1:colourDepth><q1:display>seamless</q1:display>\
         <q1:displayPercent>0</q1:displayPercent><q1:displayAbsolute/>\
         <q1:transparentKeyPassthrough>fullscreenonly</q1:transparentKeyPassthrough>\
         <q1:specialFolderRedirection>false</q1:specialFolderRedirection>\
         <q1:clearTypeRemoting>true</q1:clearTypeRemoting>\
         <q1:showDesktopViewer>false</q1:showDesktopViewer><q1:launcher>roamd</q1:launcher>\
         <q1:virtualComPort>0</q1:virtualComPort><q1:comPortMapping>1</q1:comPortMapping>\
         <q1:clientPrinter> true </q1:clientPrinter><q1:later>x</q1:later></q1:launchparams>"
    );
    assert_eq!(LaunchParams::from_xml(text.as_bytes()), Ok(full()));
}

#[test]
fn all_launch_parameter_values_round_trip() {
    let displays = [
        ("seamless", "", Display::Seamless),
        ("percent", "", Display::Percent(None)),
        (
            "percent",
            "<displayPercent>0.5</displayPercent>",
            Display::Percent(Some(0.5)),
        ),
        (
            "percent",
            "<displayPercent>100</displayPercent>",
            Display::Percent(Some(100.0)),
        ),
        ("absolute", "", Display::Absolute(None)),
        (
            "absolute",
            "<displayAbsolute>800,600</displayAbsolute>",
            Display::Absolute(Some((800, 600))),
        ),
        ("fullscreen", "", Display::FullScreen),
    ];
    for (word, parameter, display) in displays {
        let children = format!("<display>{word}</display>{parameter}");
        let params = LaunchParams {
            display: Some(display),
            ..LaunchParams::default()
        };
        assert_eq!(read(&children), Ok(params.clone()), "{children}");
        assert!(ascii(params.to_xml()).contains(&children), "{children}");
    }
    for audio in [Audio::High, Audio::Medium, Audio::Low, Audio::Off] {
        let params = LaunchParams {
            audio: Some(audio),
            ..LaunchParams::default()
        };
        assert_eq!(
            read(&format!("<audio>{}</audio>", audio.as_str())),
            Ok(params)
        );
    }
}

#[test]
fn display_absolute_is_accepted_in_all_forms() {
    // store-services.md §6: the form is not published.
    let read = |value: &str| {
        let read = read(&format!(
            "<display>absolute</display><displayAbsolute>{value}</displayAbsolute>"
        ));
        read.map(|params| params.display)
    };
    for value in [
        "800,600",
        " 800 , 600 ",
        "800 600",
        "\n800\n600\n",
        "800x600",
        "800 X 600",
        "<x>800</x><y>600</y>",
        "<width xmlns=''> 800 </width>\n<height xmlns=''>600</height>",
    ] {
        assert_eq!(
            read(value),
            Ok(Some(Display::Absolute(Some((800, 600))))),
            "{value}"
        );
    }
    for value in [
        "",
        "800",
        "800,",
        "0,600",
        "800,-600",
        "800.5,600",
        "1,2,3",
        "99999999999,1",
        "<x>800</x>",
    ] {
        let expected = FaultKind::Unexpected {
            expected: "two whole numbers above 0",
        };
        let path = "launchparams/displayAbsolute".to_owned();
        assert_eq!(fault(read(value)), (path, expected), "{value}");
    }
}

#[test]
fn display_percent_must_be_a_decimal_number() {
    for value in ["0", "100.01", "-5", "1e1", "inf", "NaN", ""] {
        let expected = FaultKind::Unexpected {
            expected: "a number above 0 and up to 100",
        };
        let path = "launchparams/displayPercent".to_owned();
        let read = read(&format!(
            "<display>percent</display><displayPercent>{value}</displayPercent>"
        ));
        assert_eq!(fault(read), (path, expected), "{value}");
    }
}

#[test]
fn display_size_that_does_not_apply_is_not_checked() {
    // ST-37, CQ-9
    for sizes in [
        "<displayPercent>0</displayPercent>",
        "<displayAbsolute/>",
        "<displayPercent>NaN</displayPercent><displayAbsolute>0x0</displayAbsolute>",
    ] {
        assert_eq!(read(sizes), Ok(LaunchParams::default()), "{sizes}");
        for display in [Display::Seamless, Display::FullScreen] {
            let params = read(&format!("<display>{}</display>{sizes}", display.as_str()));
            assert_eq!(params.unwrap().display, Some(display), "{sizes}");
        }
    }
}

#[test]
fn client_address_must_be_ipv4_ipv6_or_empty() {
    // ST-37
    let read = |value: &str| {
        read(&format!("<clientAddress>{value}</clientAddress>")).map(|params| params.client_address)
    };
    assert_eq!(read(""), Ok(None));
    assert_eq!(read(" 192.0.2.17 "), Ok(Some([192, 0, 2, 17].into())));
    assert_eq!(
        read("2001:db8::1"),
        Ok(Some("2001:db8::1".parse().unwrap()))
    );
    assert_eq!(read("fe80::1%12"), Ok(Some("fe80::1".parse().unwrap())));
    for value in [
        "192.0.2",
        "192.0.2.256",
        "kiosk-07",
        "192.0.2.17:80",
        "192.0.2.17%12",
        "%12",
    ] {
        let expected = FaultKind::Unexpected {
            expected: "an IPv4 or IPv6 address",
        };
        assert_eq!(
            fault(read(value)),
            ("launchparams/clientAddress".to_owned(), expected)
        );
    }
}

#[test]
fn invalid_launch_parameter_is_rejected_with_its_name() {
    // ST-37
    let flag = "true, false, 1 or 0";
    let cases = [
        ("audio", "loud", "high, medium, low or off"),
        ("audio", "", "high, medium, low or off"),
        ("audio", "High", "high, medium, low or off"),
        ("colourDepth", "24", "16, 256, high or truecolor"),
        (
            "display",
            "window",
            "seamless, percent, absolute or fullscreen",
        ),
        (
            "transparentKeyPassthrough",
            "both",
            "local, remote or fullscreenonly",
        ),
        ("specialFolderRedirection", "yes", flag),
        ("clearTypeRemoting", "TRUE", flag),
        ("showDesktopViewer", "2", flag),
        ("virtualComPort", "on", flag),
        ("comPortMapping", "", flag),
        ("clientPrinter", "no", flag),
    ];
    for (name, value, expected) in cases {
        assert_eq!(
            fault(read(&format!("<{name}>{value}</{name}>"))),
            (
                format!("launchparams/{name}"),
                FaultKind::Unexpected { expected }
            ),
            "{value:?}"
        );
    }
}

#[test]
fn launch_parameter_with_line_break_is_rejected() {
    // ST-39, store-services.md §4.2
    for name in ["clientName", "deviceId", "launcher"] {
        let read = |value: &str| read(&format!("<{name}>{value}</{name}>"));
        let path = format!("launchparams/{name}");
        for value in [
            "a&#13;&#10;[WFClient]",
            "a\nb",
            "a&#13;b",
            "a\u{2029}b",
            "a&#9;b",
        ] {
            assert_eq!(
                fault(read(value)),
                (path.clone(), FaultKind::ControlCharacter),
                "{value:?}"
            );
        }
        // SS-20: those around the value are white space.
        assert!(read("\r\n a&#10;").is_ok(), "{name}");
        let begins = read("[WFClient]");
        if name == "deviceId" {
            assert!(begins.is_ok(), "it is in no ICA file");
        } else {
            let expected = "a text that does not begin with [";
            assert_eq!(
                fault(begins),
                (path.clone(), FaultKind::Unexpected { expected })
            );
        }
        let limit = "256 characters";
        assert_eq!(
            fault(read(&"x".repeat(257))),
            (path, FaultKind::TooMany { limit })
        );
    }
}

#[test]
fn repeated_launch_parameter_is_rejected() {
    for name in [
        "clientName",
        "audio",
        "displayPercent",
        "displayAbsolute",
        "clientPrinter",
    ] {
        assert_eq!(
            fault(read(&format!(
                "<display>seamless</display><{name}/><{name}/>"
            ))),
            (format!("launchparams/{name}"), FaultKind::Repeated)
        );
    }
}

#[test]
fn launch_parameters_encode_as_expected() {
    insta::assert_snapshot!(ascii(full().to_xml()), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <launchparams xmlns="http://citrix.com/delivery-services/1-0/launchparams"><clientName>kiosk-07</clientName><clientAddress>192.0.2.17</clientAddress><deviceId>7f3a0c52</deviceId><audio>medium</audio><colourDepth>16</colourDepth><display>seamless</display><transparentKeyPassthrough>fullscreenonly</transparentKeyPassthrough><specialFolderRedirection>false</specialFolderRedirection><clearTypeRemoting>true</clearTypeRemoting><showDesktopViewer>false</showDesktopViewer><launcher>roamd</launcher><virtualComPort>false</virtualComPort><comPortMapping>true</comPortMapping><clientPrinter>true</clientPrinter></launchparams>
    "#);
}
