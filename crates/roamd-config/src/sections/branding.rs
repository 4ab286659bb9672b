//! `[store.web.branding]`: how the page of a web site looks and where users get help.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use toml::de::DeValue;
use url::Url;

use crate::files::Files;
use crate::reader::key::Key;
use crate::reader::section::Section;
use crate::reader::value::{file, name, text};

/// Largest logo, in bytes.
const LARGEST_LOGO: usize = 64 * 1024;

/// Longest name of a site, in characters.
const LONGEST_NAME: usize = 60;

/// Longest help text, in characters.
const LONGEST_HELP: usize = 300;

/// Longest help link, in bytes.
const LONGEST_LINK: usize = 500;

/// Least contrast of the accent colour to white: that of WCAG 2, level AA, for text.
const LEAST_CONTRAST: f64 = 4.5;

const NAME: Key<String> = Key {
    name: "name",
    read: |value| shorter_than(LONGEST_NAME, name(value)?),
};

const LOGO_FILE: Key<PathBuf> = Key {
    name: "logo_file",
    read: file,
};

const ACCENT: Key<AccentColor> = Key {
    name: "accent",
    read: |value| text(value)?.parse(),
};

const HELP_TEXT: Key<String> = Key {
    name: "help_text",
    read: |value| shorter_than(LONGEST_HELP, name(value)?),
};

const HELP_LINK: Key<String> = Key {
    name: "help_link",
    read: help_link,
};

/// The look of a web site's page. The page has a default for each part that is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branding {
    /// Name of the site.
    pub name: Option<String>,
    /// Logo of the organisation.
    pub logo: Option<Logo>,
    /// Colour of buttons and links.
    pub accent: Option<AccentColor>,
    /// Sentence that tells users where to get help.
    pub help_text: Option<String>,
    /// URL where users get help, `http` or `https`.
    pub help_link: Option<String>,
}

/// An image that was read from its file.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    /// Format of the image.
    pub format: LogoFormat,
    /// Content of the file.
    pub bytes: Arc<[u8]>,
}

/// Format of a logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoFormat {
    /// PNG.
    Png,
    /// SVG. It may contain a script, so it must be served in a way that forbids scripts.
    Svg,
}

/// A colour on which white text can be read, and which can be read on white. Its text is
/// `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccentColor([u8; 3]);

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

impl fmt::Display for AccentColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for AccentColor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "has to be a colour, such as \"#0b5cad\"".to_owned();
        let digits = text.strip_prefix('#').ok_or_else(wrong)?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16)
            .map_err(|_| wrong())?
            .to_be_bytes();
        let color = Self([red, green, blue]);
        let contrast = color.contrast_to_white();
        if contrast < LEAST_CONTRAST {
            // Rounded down, so that the text never says 4.5 of a colour that is refused.
            let contrast = (contrast * 10.0).floor() / 10.0;
            return Err(format!(
                "has a contrast of {contrast} to white, and text needs {LEAST_CONTRAST}; choose a \
                 darker colour"
            ));
        }
        Ok(color)
    }
}

impl AccentColor {
    /// Contrast to white, by the formula of WCAG 2: from 1 (white) to 21 (black).
    fn contrast_to_white(self) -> f64 {
        let [red, green, blue] = self.0.map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        1.05 / (luminance + 0.05)
    }
}

/// Reads the section of a site.
pub(crate) fn read(site: &mut Section<'_>, files: &dyn Files) -> Branding {
    let mut section = site.section("branding", "[store.web.branding]");
    let branding = Branding {
        name: section.optional(&NAME),
        logo: section.optional_and(&LOGO_FILE, |path| {
            let largest = u64::try_from(LARGEST_LOGO + 1).unwrap_or(u64::MAX);
            let bytes = files.read(&path, largest);
            logo(bytes.map_err(|error| error.to_string())?)
        }),
        accent: section.optional(&ACCENT),
        help_text: section.optional(&HELP_TEXT),
        help_link: section.optional(&HELP_LINK),
    };
    section.finish();
    branding
}

fn logo(bytes: Vec<u8>) -> Result<Logo, String> {
    if bytes.len() > LARGEST_LOGO {
        let largest = LARGEST_LOGO / 1024;
        return Err(format!("names a file that is larger than {largest} KiB"));
    }
    let format = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        LogoFormat::Png
    } else if std::str::from_utf8(&bytes).is_ok_and(is_svg) {
        LogoFormat::Svg
    } else {
        return Err("names a file that is neither a PNG nor an SVG image".to_owned());
    };
    Ok(Logo {
        format,
        bytes: bytes.into(),
    })
}

/// Whether the first element of a document is `svg`. Declarations and comments may precede it.
fn is_svg(document: &str) -> bool {
    let mut rest = document.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") || rest.starts_with("<!") {
            ">"
        } else {
            break;
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    let name = rest.strip_prefix("<svg");
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/');
    name.is_some_and(|after| after.starts_with(ends_name))
}

fn help_link(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        return Err(
            "has to be an http or https URL, such as \"https://help.example.net\"".to_owned(),
        );
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    if text.len() > LONGEST_LINK {
        return Err(format!("must not have more than {LONGEST_LINK} bytes"));
    }
    Ok(url.into())
}

fn shorter_than(longest: usize, text: String) -> Result<String, String> {
    if text.chars().count() > longest {
        return Err(format!("must not have more than {longest} characters"));
    }
    Ok(text)
}
