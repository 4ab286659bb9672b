//! One resource (ST-63), as far as a farm tells of it.

use std::borrow::Cow;

use roamd_xml::{Fault, Writer};

use super::{Group, Groups};
use crate::document::{self, Node};

/// An application, a desktop or a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    /// `id`, unique in the store.
    pub id: String,
    /// `link/url`: this resource alone.
    pub link: Option<String>,
    /// `title`: name for people.
    pub title: String,
    /// `summary`: description for people.
    pub summary: String,
    /// `path`: folder in the farm, `\` for the top.
    pub path: String,
    /// `resourcetype`.
    pub resource_type: ResourceType,
    /// `playsfiletypes/fileextension`: extensions of the files that it opens, such as `.txt`. The name
    /// of the inner element is not published; this one is ours.
    pub plays_file_types: Vec<String>,
    /// `contentlocation`: where a document is, as a UNC path or URL.
    pub content_location: Option<String>,
    /// `clienttypes/clienttype`: what can show it, for example `ica30`.
    pub client_types: Vec<String>,
    /// `keywords/keyword`.
    pub keywords: Vec<String>,
    /// `properties/property`.
    pub properties: Vec<Property>,
    /// `images/image`: the forms in which the farm has its picture.
    pub images: Vec<Image>,
    /// `enabled`.
    pub enabled: bool,
    /// `launchica/url`, only where a launch with ICA works (ST-66).
    pub launch_ica: Option<String>,
    /// `image/url`: its picture; a client may add `/{size}`.
    pub image: Option<String>,
    /// `icon/url`: its picture as an icon file.
    pub icon: Option<String>,
    /// `showondesktop`.
    pub on_desktop: bool,
    /// `showonstartmenu`, `startmenuroot` and `startmenupath`.
    pub start_menu: Option<StartMenu>,
    /// `featured`.
    pub featured: bool,
    /// `imagehash`: equal for equal pictures.
    pub image_hash: Option<String>,
    /// `aggregatedresource`: more than one farm publishes it.
    pub aggregated: bool,
    /// `publisherresourceid`: its name on the farm.
    pub publisher_resource_id: String,
    /// `publishername`: name of the farm.
    pub publisher_name: String,
}

/// The kind of a resource. The list is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceType(pub Cow<'static, str>);

/// Something that a description says in the form `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// `propertyId`.
    pub id: String,
    /// `value`, one for each time that the name occurs.
    pub values: Vec<String>,
}

/// One form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Image {
    /// `size`: edge in pixels.
    pub size: u16,
    /// `depth`: bits for each pixel.
    pub depth: u16,
}

/// Where in the start menu a resource belongs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartMenu {
    /// `startmenuroot`.
    pub root: String,
    /// `startmenupath`.
    pub path: String,
}

impl ResourceType {
    /// One program.
    pub const APPLICATION: Self = Self(Cow::Borrowed("Citrix.MPS.Application"));
    /// A whole desktop.
    pub const DESKTOP: Self = Self(Cow::Borrowed("Citrix.MPS.Desktop"));
    /// A file or page that the client opens by itself.
    pub const DOCUMENT: Self = Self(Cow::Borrowed("Citrix.MPS.Document"));
}

impl Resource {
    pub(super) fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let text =
            |name| -> Result<String, Fault> { Ok(node.optional_text(name)?.unwrap_or_default()) };
        let flag =
            |name| -> Result<bool, Fault> { Ok(node.optional_boolean(name)?.unwrap_or_default()) };
        let properties = node.optional("properties")?;
        Ok(Self {
            id: node.required("id")?.filled()?.to_owned(),
            link: link(node, "link")?,
            title: text("title")?,
            summary: text("summary")?,
            path: text("path")?,
            resource_type: ResourceType(Cow::Owned(text("resourcetype")?)),
            plays_file_types: list(node, "playsfiletypes", "fileextension")?,
            content_location: node.optional_text("contentlocation")?,
            client_types: list(node, "clienttypes", "clienttype")?,
            keywords: list(node, "keywords", "keyword")?,
            properties: properties.map_or_else(
                || Ok(Vec::new()),
                |list| {
                    list.all("property")
                        .map(|p| Property::from_node(&p))
                        .collect()
                },
            )?,
            images: node.optional("images")?.map_or_else(
                || Ok(Vec::new()),
                |list| list.all("image").map(|n| Image::from_node(&n)).collect(),
            )?,
            enabled: node.optional_boolean("enabled")?.unwrap_or(true),
            launch_ica: link(node, "launchica")?,
            image: link(node, "image")?,
            icon: link(node, "icon")?,
            on_desktop: flag("showondesktop")?,
            start_menu: flag("showonstartmenu")?
                .then(|| {
                    Ok(StartMenu {
                        root: text("startmenuroot")?,
                        path: text("startmenupath")?,
                    })
                })
                .transpose()?,
            featured: flag("featured")?,
            image_hash: node.optional_text("imagehash")?,
            aggregated: flag("aggregatedresource")?,
            publisher_resource_id: text("publisherresourceid")?,
            publisher_name: text("publishername")?,
        })
    }

    /// Writes its elements in the order of real answers (ST-65).
    pub(super) fn write(&self, writer: &mut Writer, groups: &Groups) {
        let core = groups.has(Group::Core);
        writer.leaf("id", &[], &self.id);
        if core || groups.has(Group::Status) {
            write_link(writer, "link", self.link.as_deref());
        }
        if core {
            writer.leaf("title", &[], &self.title);
            writer.leaf("summary", &[], &self.summary);
            writer.leaf("path", &[], &self.path);
            writer.leaf("resourcetype", &[], &self.resource_type.0);
        }
        if groups.has(Group::FileTypes) && !self.plays_file_types.is_empty() {
            let extensions = &self.plays_file_types;
            write_list(writer, "playsfiletypes", "fileextension", extensions);
        }
        if let Some(location) = &self.content_location
            && groups.has(Group::Launch)
        {
            writer.leaf("contentlocation", &[], location);
        }
        if core {
            write_list(writer, "clienttypes", "clienttype", &self.client_types);
        }
        if groups.has(Group::Keywords) {
            write_list(writer, "keywords", "keyword", &self.keywords);
            writer.open("properties", &[]);
            for property in &self.properties {
                property.write(writer);
            }
            writer.close();
        }
        if groups.has(Group::Images) && !self.images.is_empty() {
            writer.open("images", &[]);
            for image in &self.images {
                image.write(writer);
            }
            writer.close();
        }
        if core {
            writer.leaf("enabled", &[], document::boolean(self.enabled));
        }
        if groups.has(Group::Launch) {
            write_link(writer, "launchica", self.launch_ica.as_deref());
        }
        if core {
            write_link(writer, "image", self.image.as_deref());
        }
        if groups.has(Group::Icon) {
            write_link(writer, "icon", self.icon.as_deref());
        }
        if core {
            if self.on_desktop {
                writer.leaf("showondesktop", &[], "true");
            }
            if let Some(StartMenu { root, path }) = &self.start_menu {
                writer.leaf("showonstartmenu", &[], "true");
                writer.leaf("startmenuroot", &[], root);
                writer.leaf("startmenupath", &[], path);
            }
            if self.featured {
                writer.leaf("featured", &[], "true");
            }
            if let Some(hash) = &self.image_hash {
                writer.leaf("imagehash", &[], hash);
            }
            let aggregated = document::boolean(self.aggregated);
            writer.leaf("aggregatedresource", &[], aggregated);
            writer.leaf("publisherresourceid", &[], &self.publisher_resource_id);
            writer.leaf("publishername", &[], &self.publisher_name);
        }
    }
}

impl Property {
    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        Ok(Self {
            id: node.required("propertyId")?.filled()?.to_owned(),
            values: node.all("value").map(|v| v.text().to_owned()).collect(),
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("property", &[]);
        writer.leaf("propertyId", &[], &self.id);
        for value in &self.values {
            writer.leaf("value", &[], value);
        }
        writer.close();
    }
}

impl Image {
    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let number = |name| -> Result<u16, Fault> {
            let number = node.required(name)?;
            let found = number.text().parse().ok().filter(|number| *number > 0);
            found.ok_or_else(|| number.unexpected("a number from 1 to 65535"))
        };
        Ok(Self {
            size: number("size")?,
            depth: number("depth")?,
        })
    }

    fn write(self, writer: &mut Writer) {
        writer.open("image", &[]);
        writer.leaf("size", &[], &self.size.to_string());
        writer.leaf("depth", &[], &self.depth.to_string());
        writer.close();
    }
}

fn link(node: &Node<'_>, name: &str) -> Result<Option<String>, Fault> {
    match node.optional(name)? {
        Some(link) => Ok(Some(link.required("url")?.filled()?.to_owned())),
        None => Ok(None),
    }
}

fn list(node: &Node<'_>, name: &str, item: &str) -> Result<Vec<String>, Fault> {
    Ok(node.optional(name)?.map_or_else(Vec::new, |list| {
        list.all(item).map(|item| item.text().to_owned()).collect()
    }))
}

fn write_link(writer: &mut Writer, name: &str, url: Option<&str>) {
    if let Some(url) = url {
        writer.open(name, &[]);
        writer.leaf("url", &[], url);
        writer.close();
    }
}

fn write_list(writer: &mut Writer, name: &str, item: &str, texts: &[String]) {
    writer.open(name, &[]);
    for text in texts {
        writer.leaf(item, &[], text);
    }
    writer.close();
}
