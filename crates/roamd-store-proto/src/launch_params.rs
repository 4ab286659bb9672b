//! Launch parameters: the body of a launch (store-services.md §4.2).

use std::net::IpAddr;

use roamd_xml::{Fault, parse};

use crate::DecodeError;
use crate::document::{self, Length, Node, Word};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/launchparams";
const ROOT: &str = "launchparams";

/// What a client wishes for its connection. Every parameter is optional; values are already within
/// their ranges.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LaunchParams {
    /// `clientName`, no control characters and no `[` at its start.
    pub client_name: Option<String>,
    /// `clientAddress`: IPv4, or IPv6 without its zone; a claim.
    pub client_address: Option<IpAddr>,
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
    /// `launcher`, no control characters and no `[` at its start.
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
    /// Reads a request body. A value outside its list or range is an error, but
    /// `displayPercent` and `displayAbsolute` are not looked at unless `display` asks for them: a
    /// client sends all of them always (ST-37).
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            client_name: ica_text(&root, "clientName")?,
            client_address: match root.optional("clientAddress")? {
                Some(address) => address.address()?,
                None => None,
            },
            device_id: root.optional_line("deviceId", Length::NAME)?,
            audio: root.optional_word("audio")?,
            colour_depth: root.optional_word("colourDepth")?,
            display: Display::from_root(&root)?,
            key_passthrough: root.optional_word("transparentKeyPassthrough")?,
            special_folder_redirection: root.optional_boolean("specialFolderRedirection")?,
            clear_type_remoting: root.optional_boolean("clearTypeRemoting")?,
            show_desktop_viewer: root.optional_boolean("showDesktopViewer")?,
            launcher: ica_text(&root, "launcher")?,
            virtual_com_port: root.optional_boolean("virtualComPort")?,
            com_port_mapping: root.optional_boolean("comPortMapping")?,
            client_printer: root.optional_boolean("clientPrinter")?,
        })
    }

    /// Writes a request body: what is absent is left out.
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
    /// The value of the element.
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

impl Word for Audio {
    const ALL: &'static [Self] = &[Self::High, Self::Medium, Self::Low, Self::Off];
    const EXPECTED: &'static str = "high, medium, low or off";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

impl ColourDepth {
    /// The value of the element.
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

impl Word for ColourDepth {
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
    /// The value of the element `display`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seamless => "seamless",
            Self::Percent(_) => "percent",
            Self::Absolute(_) => "absolute",
            Self::FullScreen => "fullscreen",
        }
    }

    /// Reads `display` and the parameter that belongs to it.
    fn from_root(root: &Node<'_>) -> Result<Option<Self>, Fault> {
        let percent = root.optional("displayPercent")?;
        let absolute = root.optional("displayAbsolute")?;
        Ok(match root.optional_word("display")? {
            Some(Self::Percent(_)) => Some(Self::Percent(percent.as_ref().map(share).transpose()?)),
            Some(Self::Absolute(_)) => {
                Some(Self::Absolute(absolute.as_ref().map(size).transpose()?))
            }
            other => other,
        })
    }
}

impl Word for Display {
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
    /// The value of the element.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
            Self::FullScreenOnly => "fullscreenonly",
        }
    }
}

impl Word for KeyPassthrough {
    const ALL: &'static [Self] = &[Self::Local, Self::Remote, Self::FullScreenOnly];
    const EXPECTED: &'static str = "local, remote or fullscreenonly";

    fn text(self) -> &'static str {
        self.as_str()
    }
}

/// A text that ends in the ICA file: one line, and not one that begins like a section (ST-39).
fn ica_text(root: &Node<'_>, name: &str) -> Result<Option<String>, Fault> {
    let Some(node) = root.optional(name)? else {
        return Ok(None);
    };
    match node.line(Length::NAME)? {
        Some(text) if text.starts_with('[') => {
            Err(node.unexpected("a text that does not begin with ["))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// `displayPercent`: a decimal number above 0 and up to 100. What else a float may be in Rust,
/// such as `1e2` or `inf`, is none.
fn share(node: &Node<'_>) -> Result<f64, Fault> {
    let text = node.text();
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'.'));
    match text.parse() {
        Ok(percent) if is_decimal && percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err(node.unexpected("a number above 0 and up to 100")),
    }
}

/// `displayAbsolute`: two whole numbers above 0. How they are written is not published, so `x,y`,
/// `x y`, `xxy` (as in `800x600`) and two child elements are all read.
fn size(node: &Node<'_>) -> Result<(u32, u32), Fault> {
    let children: Vec<&str> = node.texts_of_children().collect();
    let text = node.text();
    let parts = match *children.as_slice() {
        [x, y] => Some((x, y)),
        _ => text
            .split_once([',', 'x', 'X'])
            .or_else(|| text.split_once(char::is_whitespace)),
    };
    let extent = |text: &str| text.trim().parse().ok().filter(|extent| *extent > 0);
    parts
        .and_then(|(x, y)| Some((extent(x)?, extent(y)?)))
        .ok_or_else(|| node.unexpected("two whole numbers above 0"))
}
