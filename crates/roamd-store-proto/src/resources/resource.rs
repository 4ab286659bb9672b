//! The element of a resource (ST-63).

use std::borrow::Cow;

use roamd_xml::{Fault, Writer};

use super::groups::{Group, Groups};
use crate::document;
use crate::store_element::StoreElement;

/// An application, a desktop or a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    /// `id`, unique in the store.
    pub id: String,
    /// `link/url`: URL of this resource alone.
    pub link: Option<String>,
    /// `title`: display name.
    pub title: String,
    /// `summary`: description.
    pub summary: String,
    /// `path`: folder in the farm, `\` for the root.
    pub path: String,
    /// `resourcetype`.
    pub resource_type: ResourceType,
    /// `playsfiletypes/fileextension`: extensions of the files that it opens, such as `.txt`. The
    /// name of the inner element is not published; this one is roamd's own.
    pub plays_file_types: Vec<String>,
    /// `contentlocation`: UNC path or URL of a document.
    pub content_location: Option<String>,
    /// `clienttypes/clienttype`: types of suitable clients, for example `ica30`.
    pub client_types: Vec<String>,
    /// `keywords/keyword`.
    pub keywords: Vec<String>,
    /// `properties/property`.
    pub properties: Vec<Property>,
    /// `images/image`: the forms of the icon that the farm has.
    pub images: Vec<Image>,
    /// `enabled`.
    pub enabled: bool,
    /// `launchica/url`, if the resource can be launched with ICA (ST-66).
    pub launch_ica: Option<String>,
    /// `image/url`: URL of the icon as PNG. A client may append `/{size}`.
    pub image: Option<String>,
    /// `icon/url`: URL of the icon as an icon file.
    pub icon: Option<String>,
    /// `showondesktop`.
    pub on_desktop: bool,
    /// `showonstartmenu`, `startmenuroot` and `startmenupath`.
    pub start_menu: Option<StartMenu>,
    /// `featured`.
    pub featured: bool,
    /// `imagehash`: hash of the icon.
    pub image_hash: Option<String>,
    /// `aggregatedresource`: whether more than one farm publishes it.
    pub aggregated: bool,
    /// `publisherresourceid`: its name at the farm.
    pub publisher_resource_id: String,
    /// `publishername`: name of the farm.
    pub publisher_name: String,
}

/// Kind of a resource. Stores may send other values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceType(pub Cow<'static, str>);

/// A property, which a farm defines by `name=value` in the description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// `propertyId`.
    pub id: String,
    /// `value`: all values of the name.
    pub values: Vec<String>,
}

/// A form of the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Image {
    /// `size`: width and height, in pixels.
    pub size: u16,
    /// `depth`: bits per pixel.
    pub depth: u16,
}

/// Folder of a resource in the start menu.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartMenu {
    /// `startmenuroot`.
    pub root: String,
    /// `startmenupath`.
    pub path: String,
}

impl ResourceType {
    /// An application.
    pub const APPLICATION: Self = Self(Cow::Borrowed("Citrix.MPS.Application"));
    /// A desktop.
    pub const DESKTOP: Self = Self(Cow::Borrowed("Citrix.MPS.Desktop"));
    /// A file or web page, which the client opens itself.
    pub const DOCUMENT: Self = Self(Cow::Borrowed("Citrix.MPS.Document"));
}

impl Resource {
    pub(super) fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        let text = |name| -> Result<String, Fault> {
            Ok(element.optional_text(name)?.unwrap_or_default())
        };
        let flag = |name| -> Result<bool, Fault> {
            Ok(element.optional_boolean(name)?.unwrap_or_default())
        };
        let properties = element.optional("properties")?;
        Ok(Self {
            id: element.required("id")?.required_text()?.to_owned(),
            link: link(element, "link")?,
            title: text("title")?,
            summary: text("summary")?,
            path: text("path")?,
            resource_type: ResourceType(Cow::Owned(text("resourcetype")?)),
            plays_file_types: list(element, "playsfiletypes", "fileextension")?,
            content_location: element.optional_text("contentlocation")?,
            client_types: list(element, "clienttypes", "clienttype")?,
            keywords: list(element, "keywords", "keyword")?,
            properties: properties.map_or_else(
                || Ok(Vec::new()),
                |list| {
                    list.children_named("property")
                        .map(|p| Property::from_element(&p))
                        .collect()
                },
            )?,
            images: element.optional("images")?.map_or_else(
                || Ok(Vec::new()),
                |list| {
                    list.children_named("image")
                        .map(|n| Image::from_element(&n))
                        .collect()
                },
            )?,
            enabled: element.optional_boolean("enabled")?.unwrap_or(true),
            launch_ica: link(element, "launchica")?,
            image: link(element, "image")?,
            icon: link(element, "icon")?,
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
            image_hash: element.optional_text("imagehash")?,
            aggregated: flag("aggregatedresource")?,
            publisher_resource_id: text("publisherresourceid")?,
            publisher_name: text("publishername")?,
        })
    }

    /// Writes the elements of these groups, in the order of real stores (ST-65).
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
    fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        Ok(Self {
            id: element.required("propertyId")?.required_text()?.to_owned(),
            values: element
                .children_named("value")
                .map(|v| v.text().to_owned())
                .collect(),
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
    fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        let number = |name| -> Result<u16, Fault> {
            let number = element.required(name)?;
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

fn link(element: &StoreElement<'_>, name: &str) -> Result<Option<String>, Fault> {
    match element.optional(name)? {
        Some(link) => Ok(Some(link.required("url")?.required_text()?.to_owned())),
        None => Ok(None),
    }
}

fn list(element: &StoreElement<'_>, name: &str, item: &str) -> Result<Vec<String>, Fault> {
    Ok(element.optional(name)?.map_or_else(Vec::new, |list| {
        list.children_named(item)
            .map(|item| item.text().to_owned())
            .collect()
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
