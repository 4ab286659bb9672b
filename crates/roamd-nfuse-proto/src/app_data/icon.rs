//! Icons of applications.

use std::fmt;

use data_encoding::BASE64;
use roamd_xml::Writer;

use crate::nfuse_element::NfuseElement;

/// Size, colour depth and format of an icon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IconForm {
    /// Width and height, in pixels.
    pub size: String,
    /// Bits per pixel.
    pub bpp: String,
    /// `raw` or `png`.
    pub format: String,
}

/// Icon of an application.
#[derive(Clone, PartialEq, Eq)]
pub struct IconData {
    /// Its form.
    pub form: IconForm,
    /// The bytes, which are Base64 on the wire.
    pub bytes: Vec<u8>,
}

impl IconForm {
    pub(super) fn read(element: &NfuseElement<'_>) -> Self {
        let attribute = |name| element.attribute(name).unwrap_or_default().to_owned();
        Self {
            size: attribute("size"),
            bpp: attribute("bpp"),
            format: attribute("format"),
        }
    }

    pub(super) fn attributes(&self) -> [(&str, &str); 3] {
        [
            ("size", &self.size),
            ("bpp", &self.bpp),
            ("format", &self.format),
        ]
    }
}

impl IconData {
    /// Returns `None` if the text is not Base64.
    pub(super) fn read(element: &NfuseElement<'_>) -> Option<Self> {
        // Farms may send several lines.
        let text: String = element.text().split_ascii_whitespace().collect();
        Some(Self {
            form: IconForm::read(element),
            bytes: BASE64.decode(text.as_bytes()).ok()?,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let text = BASE64.encode(&self.bytes);
        writer.leaf("IconData", &self.form.attributes(), &text);
    }
}

impl fmt::Debug for IconData {
    /// Prints only the length of the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IconData")
            .field("form", &self.form)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
