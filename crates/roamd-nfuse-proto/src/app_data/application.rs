//! Applications, desktops and documents that a farm publishes.

use roamd_xml::Writer;

use super::access_list::AccessEntry;
use super::file_type::FileType;
use super::icon::{IconData, IconForm};
use super::settings::Settings;
use crate::element_writer;
use crate::nfuse_element::NfuseElement;

/// A published application, desktop or document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// `InName`.
    pub in_name: String,
    /// `FName`: display name.
    pub friendly_name: String,
    /// `Details/Settings`, or `Details/ContentSettings` of a document; absent if no details were
    /// requested.
    pub settings: Option<Settings>,
    /// `Details/FileType`: types of the files that it opens.
    pub file_types: Vec<FileType>,
    /// `Details/IconInfo/IconType`: the available forms of its icon.
    pub icon_forms: Vec<IconForm>,
    /// `Details/AccessList`; absent if it was not requested.
    pub access_list: Option<Vec<AccessEntry>>,
    /// `IconData` in the requested forms, as far as the farm has them.
    pub icons: Vec<IconData>,
    /// `SeqNo`, which changes with the application; may be negative.
    pub seq_no: Option<i64>,
    /// `ServerType`.
    pub server_type: Option<String>,
    /// `ClientType`.
    pub client_type: Option<String>,
    /// `Permissions`, of which only an empty one is known; absent if it was not requested.
    pub permissions: Option<String>,
}

impl Application {
    /// Returns `None` if the application has no name, because it could not be launched.
    pub(super) fn read(element: &NfuseElement<'_>) -> Option<Self> {
        let details = element.first_child("Details");
        let details = details.as_ref();
        Some(Self {
            in_name: element.first_child_text("InName")?,
            friendly_name: element.first_child_text("FName").unwrap_or_default(),
            settings: details
                .and_then(|n| {
                    n.first_child("Settings")
                        .or_else(|| n.first_child("ContentSettings"))
                })
                .map(|n| Settings::read(&n)),
            file_types: details.map_or_else(Vec::new, |n| {
                n.children_named("FileType")
                    .map(|n| FileType::read(&n))
                    .collect()
            }),
            icon_forms: details
                .and_then(|n| n.first_child("IconInfo"))
                .map(|n| {
                    n.children_named("IconType")
                        .map(|n| IconForm::read(&n))
                        .collect()
                })
                .unwrap_or_default(),
            access_list: details.and_then(|n| n.first_child("AccessList")).map(|n| {
                n.children()
                    .filter_map(|entry| AccessEntry::read(&entry))
                    .collect()
            }),
            icons: element
                .children_named("IconData")
                .filter_map(|n| IconData::read(&n))
                .collect(),
            seq_no: element
                .first_child("SeqNo")
                .and_then(|n| n.text().parse().ok()),
            server_type: element.first_child_text("ServerType"),
            client_type: element.first_child_text("ClientType"),
            permissions: element
                .first_child("Permissions")
                .map(|n| n.text().to_owned()),
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.open("AppData", &[]);
        writer.leaf("InName", &[], &self.in_name);
        writer.leaf("FName", &[], &self.friendly_name);
        writer.open("Details", &[]);
        if let Some(settings) = &self.settings {
            settings.write(writer);
        }
        if !self.icon_forms.is_empty() {
            writer.open("IconInfo", &[]);
            for form in &self.icon_forms {
                writer.leaf("IconType", &form.attributes(), "");
            }
            writer.close();
        }
        for file_type in &self.file_types {
            file_type.write(writer);
        }
        if let Some(entries) = &self.access_list {
            writer.open("AccessList", &[]);
            for entry in entries {
                entry.write(writer);
            }
            writer.close();
        }
        writer.close();
        for icon in &self.icons {
            icon.write(writer);
        }
        if let Some(number) = self.seq_no {
            writer.leaf("SeqNo", &[], &number.to_string());
        }
        element_writer::optional_leaf(writer, "ServerType", self.server_type.as_deref());
        element_writer::optional_leaf(writer, "ClientType", self.client_type.as_deref());
        element_writer::optional_leaf(writer, "Permissions", self.permissions.as_deref());
        writer.close();
    }
}
