//! `RequestAppData`: the applications of a farm (nfuse.md §6.1, §6.2).

use std::fmt;

use data_encoding::BASE64;
use roamd_xml::{Element, Fault, Writer};

use crate::read::Node;
use crate::{Body, Credentials, Domain, Effect, Request, write};

/// Asks for applications.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppDataRequest {
    /// `Scope/@traverse`: `onelevel` or `subtree`.
    pub traverse: Option<String>,
    /// `Scope`: a folder, empty for the top.
    pub folder: String,
    /// `DesiredDetails`: `defaults`, `file-type`, `icon-info`, `access-list`, `permissions`, …
    pub desired_details: Vec<String>,
    /// `DesiredIconData`.
    pub desired_icons: Vec<IconForm>,
    /// Internal names to limit the answer to; empty for all.
    pub app_names: Vec<String>,
    /// Filter; at least one.
    pub server_types: Vec<String>,
    /// Filter; at least one.
    pub client_types: Vec<String>,
    /// The user; absent for all users.
    pub credentials: Option<Credentials>,
    /// Name of the calling client.
    pub client_name: Option<String>,
    /// Address of the client.
    pub client_address: Option<String>,
}

/// One form of an icon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IconForm {
    /// Edge in pixels.
    pub size: String,
    /// Bits for each pixel.
    pub bpp: String,
    /// `raw` or `png`.
    pub format: String,
}

/// Applications of the farm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppDataResponse {
    /// `LeasingStatus` (5.9).
    pub leasing_status: Option<String>,
    /// One for each application that has a name.
    pub applications: Vec<Application>,
}

/// A published application, desktop or document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// `InName`.
    pub in_name: String,
    /// `FName`: name for people.
    pub friendly_name: String,
    /// `Details/Settings`, or `Details/ContentSettings` of a document; absent when no detail was asked
    /// for.
    pub settings: Option<Settings>,
    /// `Details/FileType`: what it opens.
    pub file_types: Vec<FileType>,
    /// `Details/IconInfo/IconType`: the forms that its picture has.
    pub icon_forms: Vec<IconForm>,
    /// `Details/AccessList`; absent when it was not asked for.
    pub access_list: Option<Vec<AccessEntry>>,
    /// `IconData`, in the wished forms that the farm has.
    pub icons: Vec<IconData>,
    /// `SeqNo`: changes when the application changes; may be negative.
    pub seq_no: Option<i64>,
    /// `ServerType`; may be missing.
    pub server_type: Option<String>,
    /// `ClientType`.
    pub client_type: Option<String>,
}

/// `Settings` of an application, as far as roamd uses them.
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
    /// `AppOnDesktop`: a shortcut belongs on the user's desktop.
    pub on_desktop: bool,
    /// `AppInStartmenu`; absent when no shortcut belongs into the start menu.
    pub start_menu: Option<StartMenu>,
    /// `PublisherName`.
    pub publisher_name: String,
    /// `ContentAddress`: where a document is, as a UNC path or URL. Nothing else has one.
    pub content_address: Option<String>,
    /// What it sets for its launches.
    pub launch: LaunchSettings,
}

/// What an application sets for its launches: defaults and limits (nfuse.md §6.2). A farm may leave
/// out each of them, and a number that is none counts as left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LaunchSettings {
    /// `WinWidth`, in pixels.
    pub width: Option<u32>,
    /// `WinHeight`, in pixels.
    pub height: Option<u32>,
    /// `WinColor`: 1, 2, 4 or 8, as in an ICA file.
    pub colour: Option<u32>,
    /// `WinType`: `pixels` or `percent` as far as known.
    pub window: Option<String>,
    /// `WinScale`, in percent of the screen.
    pub scale: Option<u32>,
    /// `SoundType`.
    pub sound: Option<Level>,
    /// `Encryption`: `basic` or `rc5-128` as far as known.
    pub encryption: Option<Level>,
}

/// A level of something, such as `none` or `rc5-128`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// `minimum`: a client that cannot have it must not connect.
    pub minimum: bool,
    /// Name of the level.
    pub value: String,
}

/// Where in the start menu a shortcut belongs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartMenu {
    /// Attribute `root`, for example `programs`; empty when the farm does not say.
    pub root: String,
    /// Folder below the root; empty for the root itself.
    pub folder: String,
}

/// A type of files that an application opens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileType {
    /// Attribute `name`: name of the type.
    pub name: String,
    /// `isdefault`: the application is what opens such files if nothing else is chosen.
    pub is_default: bool,
    /// `overwrite`: the association may replace one that the client has.
    pub overwrite: bool,
    /// `FileExtension`, such as `.txt`.
    pub extensions: Vec<String>,
    /// `MimeType`.
    pub mime_types: Vec<String>,
    /// `Parameters`: how the application is told of a file.
    pub parameters: Option<String>,
}

/// The picture of an application.
#[derive(Clone, PartialEq, Eq)]
pub struct IconData {
    /// What it is.
    pub form: IconForm,
    /// The bytes, which travel as base64.
    pub bytes: Vec<u8>,
}

/// Who may see an application.
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
        let node = Node::top(element);
        let scope = node.only("Scope")?;
        Ok(Self {
            traverse: scope
                .and_then(|n| n.attribute("traverse"))
                .map(str::to_owned),
            folder: scope.map(|n| n.text().to_owned()).unwrap_or_default(),
            desired_details: node.texts("DesiredDetails"),
            desired_icons: node
                .all("DesiredIconData")
                .map(|n| IconForm::read(&n))
                .collect(),
            app_names: node.texts("AppName"),
            server_types: node.need_texts("ServerType")?,
            client_types: node.need_texts("ClientType")?,
            credentials: Credentials::only(&node)?,
            client_name: node.only_text("ClientName")?,
            client_address: node.only_text("ClientAddress")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        write::with_attribute(
            writer,
            "Scope",
            "traverse",
            self.traverse.as_deref(),
            &self.folder,
        );
        write::texts(writer, "DesiredDetails", &self.desired_details);
        for form in &self.desired_icons {
            writer.leaf("DesiredIconData", &form.attributes(), "");
        }
        write::texts(writer, "AppName", &self.app_names);
        write::texts(writer, "ServerType", &self.server_types);
        write::texts(writer, "ClientType", &self.client_types);
        if let Some(credentials) = &self.credentials {
            credentials.write(writer);
        }
        write::some_text(writer, "ClientName", self.client_name.as_deref());
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
    fn read(node: &Node<'_>) -> Self {
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
    /// Nothing for bytes that are not base64.
    fn read(node: &Node<'_>) -> Option<Self> {
        // Farms may break the lines.
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
    /// The bytes tell a reader nothing.
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
        let node = Node::top(element);
        let mut applications = Vec::new();
        for set in node.all("AppDataSet") {
            applications.extend(set.all("AppData").filter_map(|n| Application::read(&n)));
        }
        Ok(Self {
            leasing_status: node.first_text("LeasingStatus"),
            applications,
        })
    }

    fn write(&self, writer: &mut Writer) {
        write::some_text(writer, "LeasingStatus", self.leasing_status.as_deref());
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
    /// Nothing for one without a name, which nobody could start.
    fn read(node: &Node<'_>) -> Option<Self> {
        let details = node.first("Details");
        let details = details.as_ref();
        Some(Self {
            in_name: node.first_text("InName")?,
            friendly_name: node.first_text("FName").unwrap_or_default(),
            settings: details
                .and_then(|n| n.first("Settings").or_else(|| n.first("ContentSettings")))
                .map(|n| Settings::read(&n)),
            file_types: details.map_or_else(Vec::new, |n| {
                n.all("FileType").map(|n| FileType::read(&n)).collect()
            }),
            icon_forms: details
                .and_then(|n| n.first("IconInfo"))
                .map(|n| n.all("IconType").map(|n| IconForm::read(&n)).collect())
                .unwrap_or_default(),
            access_list: details.and_then(|n| n.first("AccessList")).map(|n| {
                n.every()
                    .filter_map(|entry| AccessEntry::read(&entry))
                    .collect()
            }),
            icons: node
                .all("IconData")
                .filter_map(|n| IconData::read(&n))
                .collect(),
            seq_no: node.first("SeqNo").and_then(|n| n.text().parse().ok()),
            server_type: node.first_text("ServerType"),
            client_type: node.first_text("ClientType"),
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
        write::some_text(writer, "ServerType", self.server_type.as_deref());
        write::some_text(writer, "ClientType", self.client_type.as_deref());
        writer.close();
    }
}

impl Settings {
    fn read(node: &Node<'_>) -> Self {
        let flag = |name| is_true(node.attribute(name));
        let start_menu = node.first("AppInStartmenu");
        Self {
            disabled: flag("appisdisabled"),
            desktop: flag("appisdesktop"),
            folder: node.first_text("Folder").unwrap_or_default(),
            description: node.first_text("Description").unwrap_or_default(),
            on_desktop: node
                .first("AppOnDesktop")
                .is_some_and(|n| is_true(n.attribute("value"))),
            start_menu: start_menu
                .filter(|n| is_true(n.attribute("value")))
                .map(|n| StartMenu::read(&n)),
            publisher_name: node.first_text("PublisherName").unwrap_or_default(),
            content_address: node.first_text("ContentAddress"),
            launch: LaunchSettings::read(node),
        }
    }

    fn write(&self, writer: &mut Writer) {
        let flags = [
            ("appisdisabled", write::truth(self.disabled)),
            ("appisdesktop", write::truth(self.desktop)),
        ];
        let element = match self.content_address {
            Some(_) => "ContentSettings",
            None => "Settings",
        };
        writer.open(element, &flags);
        writer.leaf("Folder", &[], &self.folder);
        writer.leaf("Description", &[], &self.description);
        let on_desktop = write::truth(self.on_desktop);
        writer.leaf("AppOnDesktop", &[("value", on_desktop)], "");
        match &self.start_menu {
            Some(start_menu) => start_menu.write(writer),
            None => writer.leaf("AppInStartmenu", &[("value", "false")], ""),
        }
        self.launch.write(writer);
        writer.leaf("PublisherName", &[], &self.publisher_name);
        write::some_text(writer, "ContentAddress", self.content_address.as_deref());
        writer.close();
    }
}

impl LaunchSettings {
    fn read(settings: &Node<'_>) -> Self {
        let number = |name| settings.first(name).and_then(|n| n.text().parse().ok());
        let level = |name| settings.first(name).and_then(|n| Level::read(&n));
        Self {
            width: number("WinWidth"),
            height: number("WinHeight"),
            colour: number("WinColor"),
            window: settings.first_text("WinType"),
            scale: number("WinScale"),
            sound: level("SoundType"),
            encryption: level("Encryption"),
        }
    }

    fn write(&self, writer: &mut Writer) {
        let number = |writer: &mut Writer, name, number: Option<u32>| {
            write::some_text(writer, name, number.map(|n| n.to_string()).as_deref());
        };
        number(writer, "WinWidth", self.width);
        number(writer, "WinHeight", self.height);
        number(writer, "WinColor", self.colour);
        write::some_text(writer, "WinType", self.window.as_deref());
        number(writer, "WinScale", self.scale);
        for (name, level) in [("SoundType", &self.sound), ("Encryption", &self.encryption)] {
            if let Some(level) = level {
                let minimum = [("minimum", write::truth(level.minimum))];
                writer.leaf(name, &minimum, &level.value);
            }
        }
    }
}

impl Level {
    /// Nothing for a level without a name.
    fn read(node: &Node<'_>) -> Option<Self> {
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
    fn read(node: &Node<'_>) -> Self {
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
    fn read(node: &Node<'_>) -> Self {
        Self {
            name: node.attribute("name").unwrap_or_default().to_owned(),
            is_default: is_true(node.attribute("isdefault")),
            overwrite: is_true(node.attribute("overwrite")),
            extensions: node.texts("FileExtension"),
            mime_types: node.texts("MimeType"),
            parameters: node.first_text("Parameters"),
        }
    }

    fn write(&self, writer: &mut Writer) {
        let attributes = [
            ("name", self.name.as_str()),
            ("isdefault", write::truth(self.is_default)),
            ("overwrite", write::truth(self.overwrite)),
        ];
        writer.open("FileType", &attributes);
        write::texts(writer, "FileExtension", &self.extensions);
        write::texts(writer, "MimeType", &self.mime_types);
        write::some_text(writer, "Parameters", self.parameters.as_deref());
        writer.close();
    }
}

impl AccessEntry {
    /// Nothing for an entry of a kind that is not known.
    fn read(node: &Node<'_>) -> Option<Self> {
        let name = |element| node.first_text(element).unwrap_or_default();
        let domain = || {
            node.first("Domain")
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
