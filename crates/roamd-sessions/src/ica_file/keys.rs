//! ICA keys of session settings, in one table (nfuse.md §9).

use roamd_store_proto::{Audio, KeyPassthrough};

use self::Section::{App, WfClient};
use crate::session_settings::ica_colours;
use crate::{Encryption, SessionSettings, WindowSize};

/// Section of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// `[WFClient]`.
    WfClient,
    /// The section of the application.
    App,
}

/// A key and its value for some settings; `None` if the key is left out.
pub(super) type Key = (
    Section,
    &'static str,
    fn(&SessionSettings) -> Option<String>,
);

/// `clearTypeRemoting` is written only if it is off, since the value for on is not established.
#[rustfmt::skip]
pub(super) const KEYS: [Key; 17] = [
    (WfClient, "ClientName",                |s| s.client_name.clone()),
    (WfClient, "COMAllowed",                |s| s.com_port_mapping.map(on_off)),
    (WfClient, "CPMAllowed",                |s| s.client_printer.map(on_off)),
    (WfClient, "TransparentKeyPassthrough", |s| s.key_passthrough.map(key_passthrough)),
    (WfClient, "VirtualCOMPortEmulation",   |s| s.virtual_com_port.map(on_off)),
    (WfClient, "VSLAllowed",                |s| s.client_printer.map(on_off)),
    (App,      "AudioBandwidthLimit",       |s| s.audio.and_then(audio_bandwidth)),
    (App,      "ClientAudio",               |s| s.audio.map(|audio| on_off(audio != Audio::Off))),
    (App,      "DesiredColor",              |s| s.colour_depth.map(ica_colours).map(str::to_owned)),
    (App,      "DesiredHRES",               |s| s.size.and_then(pixels).map(|(x, _)| x.to_string())),
    (App,      "DesiredVRES",               |s| s.size.and_then(pixels).map(|(_, y)| y.to_string())),
    (App,      "EncryptionLevelSession",    |s| s.encryption.and_then(encryption)),
    (App,      "FontSmoothingType",         |s| (s.clear_type_remoting == Some(false)).then(|| "0".to_owned())),
    (App,      "Launcher",                  |s| s.launcher.clone()),
    (App,      "ScreenPercent",             |s| s.size.and_then(screen_percent)),
    (App,      "SFRAllowed",                |s| s.special_folder_redirection.map(on_off)),
    (App,      "TWIMode",                   |s| s.seamless.map(on_off)),
];

fn on_off(on: bool) -> String {
    if on { "On" } else { "Off" }.to_owned()
}

fn key_passthrough(keys: KeyPassthrough) -> String {
    match keys {
        KeyPassthrough::Local => "Local",
        KeyPassthrough::Remote => "Remote",
        KeyPassthrough::FullScreenOnly => "FullScreenOnly",
    }
    .to_owned()
}

fn audio_bandwidth(audio: Audio) -> Option<String> {
    let limit = match audio {
        Audio::High => "0",
        Audio::Medium => "1",
        Audio::Low => "2",
        Audio::Off => return None,
    };
    Some(limit.to_owned())
}

/// Name of the section that has the driver (inferred); `None` for the encryption that every client
/// supports.
fn encryption(encryption: Encryption) -> Option<String> {
    let section = match encryption {
        Encryption::Basic => return None,
        Encryption::Rc5LogOn => "EncRC5-0",
        Encryption::Rc5Bits40 => "EncRC5-40",
        Encryption::Rc5Bits56 => "EncRC5-56",
        Encryption::Rc5Bits128 => "EncRC5-128",
    };
    Some(section.to_owned())
}

fn pixels(size: WindowSize) -> Option<(u32, u32)> {
    match size {
        WindowSize::Pixels(x, y) => Some((x, y)),
        WindowSize::Percent(_) => None,
    }
}

fn screen_percent(size: WindowSize) -> Option<String> {
    match size {
        WindowSize::Percent(percent) => Some(percent.to_string()),
        WindowSize::Pixels(..) => None,
    }
}
