//! Types of files that an application opens.

use roamd_xml::Writer;

use crate::element_writer;
use crate::nfuse_element::NfuseElement;

/// A type of files that an application opens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileType {
    /// Attribute `name`: name of the type.
    pub name: String,
    /// `isdefault`: whether the application opens such files by default.
    pub is_default: bool,
    /// `overwrite`: whether the association may replace one of the client.
    pub overwrite: bool,
    /// `FileExtension`, such as `.txt`.
    pub extensions: Vec<String>,
    /// `MimeType`.
    pub mime_types: Vec<String>,
    /// `Parameters`: command line parameters with the file.
    pub parameters: Option<String>,
}

impl FileType {
    pub(super) fn read(element: &NfuseElement<'_>) -> Self {
        Self {
            name: element.attribute("name").unwrap_or_default().to_owned(),
            is_default: element.is_attribute_true("isdefault"),
            overwrite: element.is_attribute_true("overwrite"),
            extensions: element.child_texts("FileExtension"),
            mime_types: element.child_texts("MimeType"),
            parameters: element.first_child_text("Parameters"),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let attributes = [
            ("name", self.name.as_str()),
            ("isdefault", element_writer::boolean(self.is_default)),
            ("overwrite", element_writer::boolean(self.overwrite)),
        ];
        writer.open("FileType", &attributes);
        element_writer::leaves(writer, "FileExtension", &self.extensions);
        element_writer::leaves(writer, "MimeType", &self.mime_types);
        element_writer::optional_leaf(writer, "Parameters", self.parameters.as_deref());
        writer.close();
    }
}
