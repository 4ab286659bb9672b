//! How a session shall look and sound: what the client wishes, within what the application sets
//! (store-services.md §4.2, nfuse.md §6.2).

use roamd_store_proto::{Audio, ColourDepth, Display, KeyPassthrough, LaunchParams};

use crate::User;

/// What an application sets for its sessions, as far as its farm tells: defaults for what a client
/// leaves open, and limits for sound and encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApplicationSettings {
    /// Colours, unless the client wishes others.
    pub colour_depth: Option<ColourDepth>,
    /// Size of the window, unless the client wishes one.
    pub size: Option<WindowSize>,
    /// What may be heard.
    pub sound: Option<Sound>,
    /// How the connection has to be encrypted. No client can wish another.
    pub encryption: Option<Encryption>,
}

/// Size of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSize {
    /// Width and height; the largest numbers mean the whole screen.
    Pixels(u32, u32),
    /// A share of the screen: 1 to 100.
    Percent(u8),
}

/// What may be heard of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Nothing, whatever the client wishes.
    None,
    /// Everything.
    Basic,
}

/// Encryption of the connection to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// What every client does.
    Basic,
    /// RC5, 128 bits for the logon only.
    Rc5LogOn,
    /// RC5, 40 bits.
    Rc5Bits40,
    /// RC5, 56 bits.
    Rc5Bits56,
    /// RC5, 128 bits.
    Rc5Bits128,
}

/// What a session gets: the client's wishes within the application's settings. What is absent is
/// left to the client program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "as in LaunchParams and ApplicationSettings")]
pub struct SessionSettings {
    pub client_name: Option<String>,
    pub audio: Option<Audio>,
    pub colour_depth: Option<ColourDepth>,
    pub seamless: Option<bool>,
    pub size: Option<WindowSize>,
    pub key_passthrough: Option<KeyPassthrough>,
    pub special_folder_redirection: Option<bool>,
    pub clear_type_remoting: Option<bool>,
    pub launcher: Option<String>,
    pub virtual_com_port: Option<bool>,
    pub com_port_mapping: Option<bool>,
    pub client_printer: Option<bool>,
    pub encryption: Option<Encryption>,
}

impl SessionSettings {
    /// Joins both. `showDesktopViewer` comes to nothing, since its key is not established.
    #[must_use]
    pub fn new(wish: &LaunchParams, application: &ApplicationSettings) -> Self {
        Self {
            client_name: wish.client_name.clone(),
            audio: match application.sound {
                Some(Sound::None) => Some(Audio::Off),
                Some(Sound::Basic) => wish.audio.or(Some(Audio::Medium)),
                None => wish.audio,
            },
            colour_depth: wish.colour_depth.or(application.colour_depth),
            seamless: wish.display.map(|display| display == Display::Seamless),
            size: wish.display.and_then(size).or(application.size),
            key_passthrough: wish.key_passthrough,
            special_folder_redirection: wish.special_folder_redirection,
            clear_type_remoting: wish.clear_type_remoting,
            launcher: wish.launcher.clone(),
            virtual_com_port: wish.virtual_com_port,
            com_port_mapping: wish.com_port_mapping,
            client_printer: wish.client_printer,
            encryption: application.encryption,
        }
    }

    /// The session sharing key that clients of old farms make themselves (nfuse.md §9): sessions
    /// with one key can be shared by several applications.
    #[must_use]
    pub fn sharing_key(&self, user: &User, farm_name: &str) -> String {
        let colours = ica_colours(self.colour_depth.unwrap_or(ColourDepth::TrueColor));
        let encryption = self.encryption.unwrap_or(Encryption::Basic).as_str();
        let User { domain, name, .. } = user;
        format!("{colours}-{encryption}-{encryption}-{domain}-{name}-{farm_name}")
    }
}

impl Encryption {
    const ALL: [Self; 5] = [
        Self::Basic,
        Self::Rc5LogOn,
        Self::Rc5Bits40,
        Self::Rc5Bits56,
        Self::Rc5Bits128,
    ];

    /// The level of this name, in any case; nothing for one that is not known.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|level| level.as_str().eq_ignore_ascii_case(name))
    }

    /// Its name on farms. `basic` and `rc5-128` were seen, the others follow the pattern.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Rc5LogOn => "rc5-0",
            Self::Rc5Bits40 => "rc5-40",
            Self::Rc5Bits56 => "rc5-56",
            Self::Rc5Bits128 => "rc5-128",
        }
    }
}

/// The size that a client wishes. A window without one, or of the application's own, has the
/// application's.
fn size(display: Display) -> Option<WindowSize> {
    match display {
        Display::Absolute(size) => size.map(|(x, y)| WindowSize::Pixels(x, y)),
        // ICA files have whole numbers only.
        Display::Percent(percent) => {
            percent.map(|percent| WindowSize::Percent(percent.clamp(1.0, 100.0).round() as u8))
        }
        Display::FullScreen => Some(WindowSize::Pixels(u32::MAX, u32::MAX)),
        Display::Seamless => None,
    }
}

/// Colours as ICA files and farms number them.
pub(crate) const fn ica_colours(depth: ColourDepth) -> &'static str {
    match depth {
        ColourDepth::Sixteen => "1",
        ColourDepth::TwoHundredFiftySix => "2",
        ColourDepth::High => "4",
        ColourDepth::TrueColor => "8",
    }
}
