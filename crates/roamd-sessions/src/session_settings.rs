//! Settings of a session: launch parameters of the client, within the settings of the application
//! (store-services.md §4.2, nfuse.md §6.2).

use roamd_store_proto::{Audio, ColourDepth, Display, KeyPassthrough, LaunchParams};

use crate::User;

/// Settings that an application has for its sessions: defaults for what a client omits, and limits
/// for sound and encryption. `None` if the farm does not set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApplicationSettings {
    /// Default colour depth.
    pub colour_depth: Option<ColourDepth>,
    /// Default size of the window.
    pub size: Option<WindowSize>,
    /// Allowed sound.
    pub sound: Option<Sound>,
    /// Required encryption. No client can change it.
    pub encryption: Option<Encryption>,
}

/// Size of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSize {
    /// Width and height; `u32::MAX` in both means the whole screen, and zero that of the client.
    Pixels(u32, u32),
    /// Percentage of the screen: 1 to 100.
    Percent(u8),
}

/// Window of a session if neither its client nor its application sets one (nfuse.md §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultWindow {
    /// The windows of an application are those of the client, which decides on their size.
    Seamless,
    /// A desktop takes the whole screen.
    FullScreen,
}

/// Allowed sound of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// No sound, whatever the client requests.
    None,
    /// All sound.
    Basic,
}

/// Encryption of the connection to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Encryption that every client supports.
    Basic,
    /// RC5 with 128 bits, for the logon only.
    Rc5LogOn,
    /// RC5, 40 bits.
    Rc5Bits40,
    /// RC5, 56 bits.
    Rc5Bits56,
    /// RC5, 128 bits.
    Rc5Bits128,
}

/// Effective settings of a session. `None` leaves the setting to the client program.
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
    /// Combines launch parameters and settings of the application. `showDesktopViewer` is ignored,
    /// since its ICA key is not established. `window` is that of the kind of resource, or `None` if
    /// the kind is unknown.
    #[must_use]
    pub fn new(
        params: &LaunchParams,
        application: &ApplicationSettings,
        window: Option<DefaultWindow>,
    ) -> Self {
        let window = window.filter(|_| params.display.is_none());
        let requested = params.display.map(|display| display == Display::Seamless);
        Self {
            client_name: params.client_name.clone(),
            audio: match application.sound {
                Some(Sound::None) => Some(Audio::Off),
                Some(Sound::Basic) => params.audio.or(Some(Audio::Medium)),
                None => params.audio,
            },
            colour_depth: params.colour_depth.or(application.colour_depth),
            seamless: requested.or(window.map(|window| window == DefaultWindow::Seamless)),
            size: params
                .display
                .and_then(size)
                .or(application.size)
                .or(window.map(DefaultWindow::size)),
            key_passthrough: params.key_passthrough,
            special_folder_redirection: params.special_folder_redirection,
            clear_type_remoting: params.clear_type_remoting,
            launcher: params.launcher.clone(),
            virtual_com_port: params.virtual_com_port,
            com_port_mapping: params.com_port_mapping,
            client_printer: params.client_printer,
            encryption: application.encryption,
        }
    }

    /// The session sharing key for farms that make none (nfuse.md §9). Applications with the same
    /// key can share a session.
    #[must_use]
    pub fn sharing_key(&self, user: &User, farm_name: &str) -> String {
        let colours = ica_colours(self.colour_depth.unwrap_or(ColourDepth::TrueColor));
        let encryption = self.encryption.unwrap_or(Encryption::Basic).as_str();
        let (domain, name) = (user.domain(), user.name());
        format!("{colours}-{encryption}-{encryption}-{domain}-{name}-{farm_name}")
    }
}

impl DefaultWindow {
    /// Size as StoreFront writes it: zero for a seamless window.
    const fn size(self) -> WindowSize {
        match self {
            Self::Seamless => WindowSize::Pixels(0, 0),
            Self::FullScreen => WindowSize::Pixels(u32::MAX, u32::MAX),
        }
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

    /// Returns the level with this name, in any case, or `None` for an unknown name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|level| level.as_str().eq_ignore_ascii_case(name))
    }

    /// Name of the level on farms. `basic` and `rc5-128` were observed, the others are inferred.
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

/// Window size that a client requests, or `None` to use the size of the application.
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

/// Number of a colour depth in ICA files and on farms.
pub(crate) const fn ica_colours(depth: ColourDepth) -> &'static str {
    match depth {
        ColourDepth::Sixteen => "1",
        ColourDepth::TwoHundredFiftySix => "2",
        ColourDepth::High => "4",
        ColourDepth::TrueColor => "8",
    }
}
