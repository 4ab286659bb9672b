//! Launch parameters: the body of a launch (store-services.md §4.2).

use crate::DecodeError;

/// What a client wishes for its connection. Every parameter is optional; values are already within
/// their ranges.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LaunchParams {
    /// `clientName`, no control characters.
    pub client_name: Option<String>,
    /// `clientAddress`: IPv4 or IPv6, a claim.
    pub client_address: Option<std::net::IpAddr>,
    /// `deviceId`, no control characters.
    pub device_id: Option<String>,
    /// `audio`.
    pub audio: Option<Audio>,
    /// `colourDepth`.
    pub colour_depth: Option<ColourDepth>,
    /// `display` with the parameter that belongs to it.
    pub display: Option<Display>,
    /// `transparentKeyPassthrough`.
    pub key_passthrough: Option<KeyPassthrough>,
    /// `specialFolderRedirection`.
    pub special_folder_redirection: Option<bool>,
    /// `clearTypeRemoting`.
    pub clear_type_remoting: Option<bool>,
    /// `showDesktopViewer`.
    pub show_desktop_viewer: Option<bool>,
    /// `launcher`, no control characters.
    pub launcher: Option<String>,
    /// `virtualComPort`.
    pub virtual_com_port: Option<bool>,
    /// `comPortMapping`.
    pub com_port_mapping: Option<bool>,
    /// `clientPrinter`.
    pub client_printer: Option<bool>,
}

/// Sound quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the values of the element, word for word")]
pub enum Audio {
    High,
    Medium,
    Low,
    Off,
}

/// Colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourDepth {
    /// `16`: sixteen colours.
    Sixteen,
    /// `256`: 256 colours.
    TwoHundredFiftySix,
    /// `high`: 16 bits.
    High,
    /// `truecolor`: 24 bits.
    TrueColor,
}

/// Size of the window. `displayPercent` and `displayAbsolute` count only where they apply (ST-37).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Display {
    /// Windows of the application on the client's desktop.
    Seamless,
    /// A share of the screen; absent where `displayPercent` is absent.
    Percent(Option<f64>),
    /// Width and height in pixels; absent where `displayAbsolute` is absent.
    Absolute(Option<(u32, u32)>),
    /// The whole screen.
    FullScreen,
}

/// Where Windows key combinations act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the values of the element, word for word")]
pub enum KeyPassthrough {
    Local,
    Remote,
    FullScreenOnly,
}

impl LaunchParams {
    /// Reads a request body.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let _ = bytes;
        todo!()
    }

    /// Writes a request body.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        todo!()
    }
}
