//! Applications and the settings of their sessions, from NFuse to the domain and back.

use roamd_nfuse_proto::{self as nfuse, LaunchSettings};
use roamd_sessions::{
    Application, ApplicationSettings, ConnectRequest, ContentLocation, Encryption, Kind,
    SessionSettings, Sound, User, WindowSize,
};
use roamd_store_proto::{ColourDepth, Image, StartMenu};

/// What clients show by themselves: the `ClientType` of documents (nfuse.md §3.1).
pub(super) const CONTENT: &str = "content";

/// The internal name of an application, and what is known of it.
pub(super) fn application(application: nfuse::Application) -> (String, Application) {
    let title = if application.friendly_name.is_empty() {
        application.in_name.clone()
    } else {
        application.friendly_name
    };
    let settings = application.settings.unwrap_or_default();
    let start_menu = settings.start_menu.map(|start_menu| StartMenu {
        root: start_menu.root,
        path: start_menu.folder,
    });
    let client_type = application.client_type.unwrap_or_default();
    let address = settings.content_address;
    let kind = if address.is_some() || client_type.eq_ignore_ascii_case(CONTENT) {
        Kind::Document {
            location: address.and_then(|address| ContentLocation::parse(&address)),
        }
    } else if settings.desktop {
        Kind::Desktop
    } else {
        Kind::Application
    };
    let file_types = application.file_types.into_iter();
    let entry = Application {
        title,
        kind,
        disabled: settings.disabled,
        folder: settings.folder.trim_matches('\\').to_owned(),
        description: settings.description,
        on_desktop: settings.on_desktop,
        start_menu,
        file_types: file_types.flat_map(|it| it.extensions).collect(),
        images: application.icon_forms.iter().filter_map(image).collect(),
        version: application.seq_no,
        settings: application_settings(&settings.launch),
    };
    (application.in_name, entry)
}

/// A form of a picture that clients can be shown: only those in PNG are asked for.
fn image(form: &nfuse::IconForm) -> Option<Image> {
    let is_shown = form.format.eq_ignore_ascii_case("png");
    is_shown.then_some(Image {
        size: form.size.parse().ok()?,
        depth: form.bpp.parse().ok()?,
    })
}

/// What a farm sets for the sessions of an application (nfuse.md §6.2). What is not understood sets
/// nothing.
fn application_settings(settings: &LaunchSettings) -> ApplicationSettings {
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    let window = settings.window.as_deref().unwrap_or_default();
    ApplicationSettings {
        colour_depth: settings.colour.and_then(|colour| match colour {
            1 => Some(ColourDepth::Sixteen),
            2 => Some(ColourDepth::TwoHundredFiftySix),
            4 => Some(ColourDepth::High),
            8 => Some(ColourDepth::TrueColor),
            _ => None,
        }),
        size: match (settings.width, settings.height, settings.scale) {
            (Some(x @ 1..), Some(y @ 1..), _) if is(window, "pixels") => {
                Some(WindowSize::Pixels(x, y))
            }
            (_, _, Some(percent @ 1..=100)) if is(window, "percent") => {
                u8::try_from(percent).ok().map(WindowSize::Percent)
            }
            _ => None,
        },
        sound: settings.sound.as_ref().and_then(|level| {
            let value = level.value.as_str();
            let levels = [("none", Sound::None), ("basic", Sound::Basic)];
            let known = levels.into_iter().find(|(word, _)| is(value, word));
            known.map(|(_, sound)| sound)
        }),
        encryption: settings
            .encryption
            .as_ref()
            .and_then(|level| Encryption::named(&level.value)),
    }
}

/// What a farm makes a session sharing key of (nfuse.md §5.4). Values for colours and sizes that were
/// not seen on real farms follow those that were; the farm only compares them.
pub(super) fn session_settings(connect: &ConnectRequest, user: &User) -> nfuse::SessionSettings {
    let settings: &SessionSettings = &connect.settings;
    let shares = connect.sharing_key.is_some();
    let on_off = |on| if on { "On" } else { "Off" }.to_owned();
    let values = [
        ("ColorDepth", settings.colour_depth.map(colour_depth)),
        (
            "EncryptionLevel",
            settings.encryption.map(|level| level.as_str().to_owned()),
        ),
        ("DomainName", Some(user.domain.clone())),
        ("UserName", Some(user.name.clone())),
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
    use roamd_nfuse_proto::Level;
    use roamd_sessions::{EndPoint, Target, UserKey};

    use super::*;

    #[test]
    fn a_farm_hears_what_it_makes_a_sharing_key_of() {
        // nfuse.md §5.4
        let user = User {
            key: UserKey::new("EXAMPLE", "mia"),
            name: "mia".to_owned(),
            domain: "EXAMPLE".to_owned(),
            password: "roam-demo".into(),
        };
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
            let told = session_settings(&connect(settings, shares), &user).0;
            let told: Vec<_> = told.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
            assert_eq!(told.join(" "), expected);
        }
    }

    #[test]
    fn what_a_farm_sets_for_an_application_is_taken_where_it_is_understood() {
        let level = |value: &str| {
            Some(Level {
                minimum: true,
                value: value.to_owned(),
            })
        };
        let of = |window: &str, width, height, scale| LaunchSettings {
            width,
            height,
            scale,
            window: Some(window.to_owned()),
            ..LaunchSettings::default()
        };
        let colour = |colour| LaunchSettings {
            colour: Some(colour),
            ..LaunchSettings::default()
        };
        let sound = |value| LaunchSettings {
            sound: level(value),
            ..LaunchSettings::default()
        };
        let encryption = |value| LaunchSettings {
            encryption: level(value),
            ..LaunchSettings::default()
        };
        let none = ApplicationSettings::default;
        let size = |size| ApplicationSettings {
            size: Some(size),
            ..none()
        };
        let depth = |depth| ApplicationSettings {
            colour_depth: Some(depth),
            ..none()
        };
        let heard = |sound| ApplicationSettings {
            sound: Some(sound),
            ..none()
        };
        for (settings, expected) in [
            (LaunchSettings::default(), none()),
            (
                of("pixels", Some(1024), Some(768), Some(1)),
                size(WindowSize::Pixels(1024, 768)),
            ),
            (of("Pixels", Some(1024), Some(0), None), none()),
            (of("pixels", Some(1024), None, Some(50)), none()),
            (
                of("percent", Some(1), Some(1), Some(50)),
                size(WindowSize::Percent(50)),
            ),
            (of("percent", None, None, Some(101)), none()),
            (of("seamless", Some(1024), Some(768), Some(50)), none()),
            (colour(1), depth(ColourDepth::Sixteen)),
            (colour(2), depth(ColourDepth::TwoHundredFiftySix)),
            (colour(4), depth(ColourDepth::High)),
            (colour(8), depth(ColourDepth::TrueColor)),
            (colour(3), none()),
            (sound("None"), heard(Sound::None)),
            (sound("basic"), heard(Sound::Basic)),
            (sound("surround"), none()),
            (
                encryption("rc5-128"),
                ApplicationSettings {
                    encryption: Some(Encryption::Rc5Bits128),
                    ..none()
                },
            ),
            (encryption("rot13"), none()),
        ] {
            assert_eq!(application_settings(&settings), expected, "{settings:?}");
        }
    }
}
