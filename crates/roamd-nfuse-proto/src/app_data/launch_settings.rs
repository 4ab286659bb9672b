//! Defaults and limits of launches.

use roamd_xml::Writer;

use crate::element_writer;
use crate::nfuse_element::NfuseElement;

/// Defaults and limits of the launches of an application (nfuse.md §6.2). All are optional, and a
/// malformed number counts as absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LaunchSettings {
    /// `WinWidth`, in pixels.
    pub width: Option<u32>,
    /// `WinHeight`, in pixels.
    pub height: Option<u32>,
    /// `WinColor`: 1, 2, 4 or 8, as in an ICA file.
    pub colour: Option<u32>,
    /// `WinType`: `pixels` or `percent`; others are not known.
    pub window: Option<String>,
    /// `WinScale`, in percent of the screen.
    pub scale: Option<u32>,
    /// `SoundType`.
    pub sound: Option<Level>,
    /// `Encryption`: `basic` or `rc5-128`; others are not known.
    pub encryption: Option<Level>,
}

/// A level of sound or encryption, such as `none` or `rc5-128`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// `minimum`: whether a client that does not support the level must not connect.
    pub minimum: bool,
    /// Name of the level.
    pub value: String,
}

impl LaunchSettings {
    pub(super) fn read(settings: &NfuseElement<'_>) -> Self {
        let number = |name| {
            settings
                .first_child(name)
                .and_then(|n| n.text().parse().ok())
        };
        let level = |name| settings.first_child(name).and_then(|n| Level::read(&n));
        Self {
            width: number("WinWidth"),
            height: number("WinHeight"),
            colour: number("WinColor"),
            window: settings.first_child_text("WinType"),
            scale: number("WinScale"),
            sound: level("SoundType"),
            encryption: level("Encryption"),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let number = |writer: &mut Writer, name, number: Option<u32>| {
            element_writer::optional_leaf(writer, name, number.map(|n| n.to_string()).as_deref());
        };
        number(writer, "WinWidth", self.width);
        number(writer, "WinHeight", self.height);
        number(writer, "WinColor", self.colour);
        element_writer::optional_leaf(writer, "WinType", self.window.as_deref());
        number(writer, "WinScale", self.scale);
        for (name, level) in [("SoundType", &self.sound), ("Encryption", &self.encryption)] {
            if let Some(level) = level {
                let minimum = [("minimum", element_writer::boolean(level.minimum))];
                writer.leaf(name, &minimum, &level.value);
            }
        }
    }
}

impl Level {
    /// Returns `None` if the level has no name.
    pub(super) fn read(element: &NfuseElement<'_>) -> Option<Self> {
        let minimum = element.attribute("minimum");
        Some(element.text())
            .filter(|value| !value.is_empty())
            .map(|value| Self {
                minimum: minimum.is_some_and(|v| v.eq_ignore_ascii_case("true")),
                value: value.to_owned(),
            })
    }
}
