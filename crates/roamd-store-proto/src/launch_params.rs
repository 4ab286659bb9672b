//! Launch parameters: the body of a launch (store-services.md §4.2).

use std::net::IpAddr;

use roamd_xml::{Fault, parse};

use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::{EnumValue, MaxLength, StoreElement};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/launchparams";
const ROOT: &str = "launchparams";

/// Settings of a connection that the client requests. All are optional, and in their valid ranges.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LaunchParams {
    /// `clientName`, without control characters, not starting with `[`.
    pub client_name: Option<String>,
    /// `clientAddress`: IPv4, or IPv6 without zone. It is an unverified claim of the client.
    pub client_address: Option<IpAddr>,
    /// `deviceId`, without control characters.
    pub device_id: Option<String>,
    /// `audio`.
    pub audio: Option<Audio>,
    /// `colourDepth`.
    pub colour_depth: Option<ColourDepth>,
    /// `display`, with `displayPercent` or `displayAbsolute` if it requires one.
    pub display: Option<Display>,
    /// `transparentKeyPassthrough`.
    pub key_passthrough: Option<KeyPassthrough>,
    /// `specialFolderRedirection`.
    pub special_folder_redirection: Option<bool>,
    /// `clearTypeRemoting`.
    pub clear_type_remoting: Option<bool>,
    /// `showDesktopViewer`.
    pub show_desktop_viewer: Option<bool>,
    /// `launcher`, without control characters, not starting with `[`.
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

/// Colour depth.
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

/// Window of the session (ST-37).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Display {
    /// The windows of the application appear on the desktop of the client.
    Seamless,
    /// A percentage of the screen, from `displayPercent`.
    Percent(Option<f64>),
    /// Width and height in pixels, from `displayAbsolute`.
    Absolute(Option<(u32, u32)>),
    /// The whole screen.
    FullScreen,
}

/// The computer that Windows key combinations act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the values of the element, word for word")]
pub enum KeyPassthrough {
    Local,
    Remote,
    FullScreenOnly,
}

impl LaunchParams {
    /// Decodes a request body. A value outside its range is an error. `displayPercent` and
    /// `displayAbsolute` are checked only if `display` requires them, because clients always send
    /// both (ST-37).
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            client_name: ica_text(&root, "clientName")?,
            client_address: match root.optional("clientAddress")? {
                Some(address) => address.address()?,
                None => None,
            },
            device_id: root.optional_single_line("deviceId", MaxLength::NAME)?,
            audio: root.optional_enum("audio")?,
            colour_depth: root.optional_enum("colourDepth")?,
            display: Display::from_root(&root)?,
            key_passthrough: root.optional_enum("transparentKeyPassthrough")?,
            special_folder_redirection: root.optional_boolean("specialFolderRedirection")?,
            clear_type_remoting: root.optional_boolean("clearTypeRemoting")?,
            show_desktop_viewer: root.optional_boolean("showDesktopViewer")?,
            launcher: ica_text(&root, "launcher")?,
            virtual_com_port: root.optional_boolean("virtualComPort")?,
            com_port_mapping: root.optional_boolean("comPortMapping")?,
            client_printer: root.optional_boolean("clientPrinter")?,
        })
    }

    /// Encodes a request body. Absent values are left out.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        let mut leaf = |name, value: Option<&str>| {
            if let Some(value) = value {
                writer.leaf(name, &[], value);
            }
        };
        let flag = |value: Option<bool>| value.map(document::boolean);
        let (percent, absolute) = match self.display {
            Some(Display::Percent(percent)) => (percent.map(|percent| percent.to_string()), None),
            Some(Display::Absolute(size)) => (None, size.map(|(x, y)| format!("{x},{y}"))),
            _ => (None, None),
        };
        leaf("clientName", self.client_name.as_deref());
        leaf(
            "clientAddress",
            self.client_address
                .map(|address| address.to_string())
                .as_deref(),
        );
        leaf("deviceId", self.device_id.as_deref());
        leaf("audio", self.audio.map(Audio::as_str));
        leaf("colourDepth", self.colour_depth.map(ColourDepth::as_str));
        leaf("display", self.display.map(Display::as_str));
        leaf("displayPercent", percent.as_deref());
        leaf("displayAbsolute", absolute.as_deref());
        leaf(
            "transparentKeyPassthrough",
            self.key_passthrough.map(KeyPassthrough::as_str),
        );
        leaf(
            "specialFolderRedirection",
            flag(self.special_folder_redirection),
        );
        leaf("clearTypeRemoting", flag(self.clear_type_remoting));
        leaf("showDesktopViewer", flag(self.show_desktop_viewer));
        leaf("launcher", self.launcher.as_deref());
        leaf("virtualComPort", flag(self.virtual_com_port));
        leaf("comPortMapping", flag(self.com_port_mapping));
        leaf("clientPrinter", flag(self.client_printer));
        writer.finish()
    }
}

impl Audio {
    /// Returns the value of the element.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Off => "off",
        }
    }
}

impl EnumValue for Audio {
    const ALL: &'static [Self] = &[Self::High, Self::Medium, Self::Low, Self::Off];
    const EXPECTED: &'static str = "high, medium, low or off";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

impl ColourDepth {
    /// Returns the value of the element.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sixteen => "16",
            Self::TwoHundredFiftySix => "256",
            Self::High => "high",
            Self::TrueColor => "truecolor",
        }
    }
}

impl EnumValue for ColourDepth {
    const ALL: &'static [Self] = &[
        Self::Sixteen,
        Self::TwoHundredFiftySix,
        Self::High,
        Self::TrueColor,
    ];
    const EXPECTED: &'static str = "16, 256, high or truecolor";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

impl Display {
    /// Returns the value of the element `display`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seamless => "seamless",
            Self::Percent(_) => "percent",
            Self::Absolute(_) => "absolute",
            Self::FullScreen => "fullscreen",
        }
    }

    /// Reads `display`, and `displayPercent` or `displayAbsolute` if it requires one.
    fn from_root(root: &StoreElement<'_>) -> Result<Option<Self>, Fault> {
        let percent = root.optional("displayPercent")?;
        let absolute = root.optional("displayAbsolute")?;
        Ok(match root.optional_enum("display")? {
            Some(Self::Percent(_)) => Some(Self::Percent(
                percent.as_ref().map(display_percent).transpose()?,
            )),
            Some(Self::Absolute(_)) => Some(Self::Absolute(
                absolute.as_ref().map(display_absolute).transpose()?,
            )),
            other => other,
        })
    }
}

impl EnumValue for Display {
    const ALL: &'static [Self] = &[
        Self::Seamless,
        Self::Percent(None),
        Self::Absolute(None),
        Self::FullScreen,
    ];
    const EXPECTED: &'static str = "seamless, percent, absolute or fullscreen";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

impl KeyPassthrough {
    /// Returns the value of the element.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
            Self::FullScreenOnly => "fullscreenonly",
        }
    }
}

impl EnumValue for KeyPassthrough {
    const ALL: &'static [Self] = &[Self::Local, Self::Remote, Self::FullScreenOnly];
    const EXPECTED: &'static str = "local, remote or fullscreenonly";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

/// Reads a text for the ICA file: a single line that does not start like a section (ST-39).
fn ica_text(root: &StoreElement<'_>, name: &str) -> Result<Option<String>, Fault> {
    let Some(element) = root.optional(name)? else {
        return Ok(None);
    };
    match element.single_line(MaxLength::NAME)? {
        Some(text) if text.starts_with('[') => {
            Err(element.unexpected("a text that does not begin with ["))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// Reads `displayPercent`: a decimal number above 0, up to 100. Other texts that Rust parses as
/// floats, such as `1e2` and `inf`, are rejected.
fn display_percent(element: &StoreElement<'_>) -> Result<f64, Fault> {
    let text = element.text();
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'.'));
    match text.parse() {
        Ok(percent) if is_decimal && percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err(element.unexpected("a number above 0 and up to 100")),
    }
}

/// Reads `displayAbsolute`: two whole numbers above 0. Their syntax is not published, so `800,600`,
/// `800 600`, `800x600` and two child elements are accepted.
fn display_absolute(element: &StoreElement<'_>) -> Result<(u32, u32), Fault> {
    let children: Vec<&str> = element.texts_of_children().collect();
    let text = element.text();
    let parts = match *children.as_slice() {
        [x, y] => Some((x, y)),
        _ => text
            .split_once([',', 'x', 'X'])
            .or_else(|| text.split_once(char::is_whitespace)),
    };
    let extent = |text: &str| text.trim().parse().ok().filter(|extent| *extent > 0);
    parts
        .and_then(|(x, y)| Some((extent(x)?, extent(y)?)))
        .ok_or_else(|| element.unexpected("two whole numbers above 0"))
}
