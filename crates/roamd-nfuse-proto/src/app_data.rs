//! `RequestAppData`: the applications of a farm (nfuse.md §6.1, §6.2).

use std::fmt;

use data_encoding::BASE64;
use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Credentials, Domain, Effect, Request, element_writer};

/// Request for the applications of a farm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppDataRequest {
    /// `Scope/@traverse`: `onelevel` or `subtree`.
    pub traverse: Option<String>,
    /// `Scope`: a folder, empty for the root.
    pub folder: String,
    /// `DesiredDetails`: `defaults`, `file-type`, `icon-info`, `access-list`, `permissions`, …
    pub desired_details: Vec<String>,
    /// `DesiredIconData`.
    pub desired_icons: Vec<IconForm>,
    /// `AppName`: internal names of the requested applications; empty for all.
    pub app_names: Vec<String>,
    /// `ServerType`: filter; at least one.
    pub server_types: Vec<String>,
    /// `ClientType`: filter; at least one.
    pub client_types: Vec<String>,
    /// `Credentials` of the user; absent for all users.
    pub credentials: Option<Credentials>,
    /// `ClientName`.
    pub client_name: Option<String>,
    /// `ClientAddress`.
    pub client_address: Option<String>,
}

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

/// The applications of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppDataResponse {
    /// `LeasingStatus` (5.9).
    pub leasing_status: Option<String>,
    /// The applications. Those without a name are left out.
    pub applications: Vec<Application>,
}

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
}

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

/// Folder of a shortcut in the start menu.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartMenu {
    /// Attribute `root`, for example `programs`; empty if the farm leaves it out.
    pub root: String,
    /// Folder below the root; empty for the root itself.
    pub folder: String,
}

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

/// Icon of an application.
#[derive(Clone, PartialEq, Eq)]
pub struct IconData {
    /// Its form.
    pub form: IconForm,
    /// The bytes, which are Base64 on the wire.
    pub bytes: Vec<u8>,
}

/// A user or group that may use an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessEntry {
    /// `User`.
    User {
        /// `UserName`.
        name: String,
        /// `Domain`.
        domain: Domain,
    },
    /// `Group`.
    Group {
        /// `GroupName`.
        name: String,
        /// `Domain`.
        domain: Domain,
    },
    /// `AnonymousUser`.
    Anonymous,
}

impl Body for AppDataRequest {
    const ELEMENT: &'static str = "RequestAppData";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = NfuseElement::root(element);
        let scope = node.single_child("Scope")?;
        Ok(Self {
            traverse: scope
                .and_then(|n| n.attribute("traverse"))
                .map(str::to_owned),
            folder: scope.map(|n| n.text().to_owned()).unwrap_or_default(),
            desired_details: node.child_texts("DesiredDetails"),
            desired_icons: node
                .children_named("DesiredIconData")
                .map(|n| IconForm::read(&n))
                .collect(),
            app_names: node.child_texts("AppName"),
            server_types: node.required_child_texts("ServerType")?,
            client_types: node.required_child_texts("ClientType")?,
            credentials: Credentials::read_optional(&node)?,
            client_name: node.single_child_text("ClientName")?,
            client_address: node.single_child_text("ClientAddress")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        element_writer::leaf_with_attribute(
            writer,
            "Scope",
            "traverse",
            self.traverse.as_deref(),
            &self.folder,
        );
        element_writer::leaves(writer, "DesiredDetails", &self.desired_details);
        for form in &self.desired_icons {
            writer.leaf("DesiredIconData", &form.attributes(), "");
        }
        element_writer::leaves(writer, "AppName", &self.app_names);
        element_writer::leaves(writer, "ServerType", &self.server_types);
        element_writer::leaves(writer, "ClientType", &self.client_types);
        if let Some(credentials) = &self.credentials {
            credentials.write(writer);
        }
        element_writer::optional_leaf(writer, "ClientName", self.client_name.as_deref());
        if let Some(address) = &self.client_address {
            writer.leaf("ClientAddress", &[("addresstype", "dot")], address);
        }
    }
}

impl Request for AppDataRequest {
    type Response = AppDataResponse;

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl IconForm {
    fn read(node: &NfuseElement<'_>) -> Self {
        let attribute = |name| node.attribute(name).unwrap_or_default().to_owned();
        Self {
            size: attribute("size"),
            bpp: attribute("bpp"),
            format: attribute("format"),
        }
    }

    fn attributes(&self) -> [(&str, &str); 3] {
        [
            ("size", &self.size),
            ("bpp", &self.bpp),
            ("format", &self.format),
        ]
    }
}

impl IconData {
    /// Returns `None` if the text is not Base64.
    fn read(node: &NfuseElement<'_>) -> Option<Self> {
        // Farms may send several lines.
        let text: String = node.text().split_ascii_whitespace().collect();
        Some(Self {
            form: IconForm::read(node),
            bytes: BASE64.decode(text.as_bytes()).ok()?,
        })
    }

    fn write(&self, writer: &mut Writer) {
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

impl Body for AppDataResponse {
    const ELEMENT: &'static str = "ResponseAppData";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = NfuseElement::root(element);
        let mut applications = Vec::new();
        for set in node.children_named("AppDataSet") {
            applications.extend(
                set.children_named("AppData")
                    .filter_map(|n| Application::read(&n)),
            );
        }
        Ok(Self {
            leasing_status: node.first_child_text("LeasingStatus"),
            applications,
        })
    }

    fn write(&self, writer: &mut Writer) {
        element_writer::optional_leaf(writer, "LeasingStatus", self.leasing_status.as_deref());
        if self.applications.is_empty() {
            return;
        }
        writer.open("AppDataSet", &[]);
        writer.leaf("Scope", &[("traverse", "onelevel")], "");
        for application in &self.applications {
            application.write(writer);
        }
        writer.close();
    }
}

impl Application {
    /// Returns `None` if the application has no name, because it could not be launched.
    fn read(node: &NfuseElement<'_>) -> Option<Self> {
        let details = node.first_child("Details");
        let details = details.as_ref();
        Some(Self {
            in_name: node.first_child_text("InName")?,
            friendly_name: node.first_child_text("FName").unwrap_or_default(),
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
            icons: node
                .children_named("IconData")
                .filter_map(|n| IconData::read(&n))
                .collect(),
            seq_no: node
                .first_child("SeqNo")
                .and_then(|n| n.text().parse().ok()),
            server_type: node.first_child_text("ServerType"),
            client_type: node.first_child_text("ClientType"),
        })
    }

    fn write(&self, writer: &mut Writer) {
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
        writer.close();
    }
}

impl Settings {
    fn read(node: &NfuseElement<'_>) -> Self {
        let flag = |name| is_true(node.attribute(name));
        let start_menu = node.first_child("AppInStartmenu");
        Self {
            disabled: flag("appisdisabled"),
            desktop: flag("appisdesktop"),
            folder: node.first_child_text("Folder").unwrap_or_default(),
            description: node.first_child_text("Description").unwrap_or_default(),
            on_desktop: node
                .first_child("AppOnDesktop")
                .is_some_and(|n| is_true(n.attribute("value"))),
            start_menu: start_menu
                .filter(|n| is_true(n.attribute("value")))
                .map(|n| StartMenu::read(&n)),
            publisher_name: node.first_child_text("PublisherName").unwrap_or_default(),
            content_address: node.first_child_text("ContentAddress"),
            launch: LaunchSettings::read(node),
        }
    }

    fn write(&self, writer: &mut Writer) {
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

impl LaunchSettings {
    fn read(settings: &NfuseElement<'_>) -> Self {
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

    fn write(&self, writer: &mut Writer) {
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
    fn read(node: &NfuseElement<'_>) -> Option<Self> {
        let minimum = node.attribute("minimum");
        Some(node.text())
            .filter(|value| !value.is_empty())
            .map(|value| Self {
                minimum: minimum.is_some_and(|v| v.eq_ignore_ascii_case("true")),
                value: value.to_owned(),
            })
    }
}

impl StartMenu {
    fn read(node: &NfuseElement<'_>) -> Self {
        Self {
            root: node.attribute("root").unwrap_or_default().to_owned(),
            folder: node.text().to_owned(),
        }
    }

    fn write(&self, writer: &mut Writer) {
        let attributes = [("value", "true"), ("root", &self.root)];
        writer.leaf("AppInStartmenu", &attributes, &self.folder);
    }
}

impl FileType {
    fn read(node: &NfuseElement<'_>) -> Self {
        Self {
            name: node.attribute("name").unwrap_or_default().to_owned(),
            is_default: is_true(node.attribute("isdefault")),
            overwrite: is_true(node.attribute("overwrite")),
            extensions: node.child_texts("FileExtension"),
            mime_types: node.child_texts("MimeType"),
            parameters: node.first_child_text("Parameters"),
        }
    }

    fn write(&self, writer: &mut Writer) {
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

impl AccessEntry {
    /// Returns `None` if the kind of the entry is not known.
    fn read(node: &NfuseElement<'_>) -> Option<Self> {
        let name = |element| node.first_child_text(element).unwrap_or_default();
        let domain = || {
            node.first_child("Domain")
                .map_or_else(|| Domain::nt(""), |n| Domain::read(&n))
        };
        let is = |element| node.name().eq_ignore_ascii_case(element);
        if is("User") {
            Some(Self::User {
                name: name("UserName"),
                domain: domain(),
            })
        } else if is("Group") {
            Some(Self::Group {
                name: name("GroupName"),
                domain: domain(),
            })
        } else {
            is("AnonymousUser").then_some(Self::Anonymous)
        }
    }

    fn write(&self, writer: &mut Writer) {
        let (element, name_element, name, domain) = match self {
            Self::User { name, domain } => ("User", "UserName", name, domain),
            Self::Group { name, domain } => ("Group", "GroupName", name, domain),
            Self::Anonymous => return writer.leaf("AnonymousUser", &[], ""),
        };
        writer.open(element, &[]);
        writer.leaf(name_element, &[], name);
        domain.write(writer);
        writer.close();
    }
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
