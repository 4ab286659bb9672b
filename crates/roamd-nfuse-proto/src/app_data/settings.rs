//! Settings of an application.

use roamd_xml::Writer;

use super::launch_settings::LaunchSettings;
use crate::element_writer;
use crate::nfuse_element::NfuseElement;

/// `Settings` of an application. Settings that roamd does not use are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `appisdisabled`.
    pub disabled: bool,
    /// `appisdesktop`.
    pub desktop: bool,
    /// `Folder`.
    pub folder: String,
    /// `Description`.
    pub description: String,
    /// `AppOnDesktop`: whether clients put a shortcut on the desktop.
    pub on_desktop: bool,
    /// `AppInStartmenu`; absent if clients put no shortcut into the start menu.
    pub start_menu: Option<StartMenu>,
    /// `PublisherName`.
    pub publisher_name: String,
    /// `ContentAddress`: UNC path or URL of a document. Only documents have one.
    pub content_address: Option<String>,
    /// Defaults and limits of its launches.
    pub launch: LaunchSettings,
}

/// Folder of a shortcut in the start menu.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartMenu {
    /// Attribute `root`, for example `programs`; empty if the farm leaves it out.
    pub root: String,
    /// Folder below the root; empty for the root itself.
    pub folder: String,
}

impl Settings {
    pub(super) fn read(element: &NfuseElement<'_>) -> Self {
        let flag = |name| element.is_attribute_true(name);
        let start_menu = element.first_child("AppInStartmenu");
        Self {
            disabled: flag("appisdisabled"),
            desktop: flag("appisdesktop"),
            folder: element.first_child_text("Folder").unwrap_or_default(),
            description: element.first_child_text("Description").unwrap_or_default(),
            on_desktop: element
                .first_child("AppOnDesktop")
                .is_some_and(|n| n.is_attribute_true("value")),
            start_menu: start_menu
                .filter(|n| n.is_attribute_true("value"))
                .map(|n| StartMenu::read(&n)),
            publisher_name: element
                .first_child_text("PublisherName")
                .unwrap_or_default(),
            content_address: element.first_child_text("ContentAddress"),
            launch: LaunchSettings::read(element),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let flags = [
            ("appisdisabled", element_writer::boolean(self.disabled)),
            ("appisdesktop", element_writer::boolean(self.desktop)),
        ];
        let element = match self.content_address {
            Some(_) => "ContentSettings",
            None => "Settings",
        };
        writer.open(element, &flags);
        writer.leaf("Folder", &[], &self.folder);
        writer.leaf("Description", &[], &self.description);
        let on_desktop = element_writer::boolean(self.on_desktop);
        writer.leaf("AppOnDesktop", &[("value", on_desktop)], "");
        match &self.start_menu {
            Some(start_menu) => start_menu.write(writer),
            None => writer.leaf("AppInStartmenu", &[("value", "false")], ""),
        }
        self.launch.write(writer);
        writer.leaf("PublisherName", &[], &self.publisher_name);
        element_writer::optional_leaf(writer, "ContentAddress", self.content_address.as_deref());
        writer.close();
    }
}

impl StartMenu {
    pub(super) fn read(element: &NfuseElement<'_>) -> Self {
        Self {
            root: element.attribute("root").unwrap_or_default().to_owned(),
            folder: element.text().to_owned(),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let attributes = [("value", "true"), ("root", &self.root)];
        writer.leaf("AppInStartmenu", &attributes, &self.folder);
    }
}
