//! The list of resources (WA-74 to WA-77).

use roamd_store_proto::{Image, Property, ResourceType};
use serde::Serialize;

use crate::json;
use crate::parameters::Details;

/// The list of resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// The resources, in the order of the store.
    pub resources: Vec<Resource>,
}

/// An application, a desktop or a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resource {
    /// `id`, unique in the store.
    pub id: String,
    /// Id in URLs: letters, digits, `-` and `_`.
    pub launch_id: String,
    /// `name`: display name.
    pub name: String,
    /// `description`.
    pub description: String,
    /// `path`: folder, `\` for the root.
    pub path: String,
    /// `type`, and whether it is a desktop or a document.
    pub resource_type: ResourceType,
    /// `clienttypes`.
    pub client_types: Vec<String>,
    /// Name of its image in URLs: letters, digits, `-` and `_`.
    pub thumbprint: String,
    /// `disabled`: it is listed and cannot be started.
    pub disabled: bool,
    /// `recommended`.
    pub recommended: bool,
    /// `mandatory`.
    pub mandatory: bool,
    /// `keywords`.
    pub keywords: Vec<String>,
    /// `properties`.
    pub properties: Vec<Property>,
    /// `images`: forms of the icon that the farm has.
    pub images: Vec<Image>,
    /// `playsfiletypes`: extensions of the files that it opens.
    pub plays_file_types: Vec<String>,
    /// `publishername`: name of the farm.
    pub publisher_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    is_subscription_enabled: bool,
    is_unauthenticated_store: bool,
    resources: Vec<Entry<'a>>,
}

/// A resource in JSON. Flags are written only if they are set.
#[derive(Serialize)]
struct Entry<'a> {
    clienttypes: &'a [String],
    #[serde(skip_serializing_if = "is_false")]
    content: bool,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    desktopassignmenttype: Option<&'static str>,
    /// Always there, because a client stops without it.
    desktophostname: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    disabled: bool,
    iconurl: String,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<ImageEntry>>,
    #[serde(skip_serializing_if = "is_false")]
    isdesktop: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    keywords: &'a [String],
    launchstatusurl: String,
    launchurl: String,
    #[serde(skip_serializing_if = "is_false")]
    mandatory: bool,
    name: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    playsfiletypes: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<PropertyEntry<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publishername: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    recommended: bool,
    shortcutvalidationurl: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'a str>,
}

#[derive(Serialize)]
struct ImageEntry {
    depth: u16,
    size: u16,
}

#[derive(Serialize)]
struct PropertyEntry<'a> {
    name: &'a str,
    values: &'a [String],
}

impl Resources {
    /// Encodes the list with these details.
    #[must_use]
    pub fn to_json(&self, details: Details) -> Vec<u8> {
        let entries = self.resources.iter().map(|it| it.entry(details));
        json::write(&List {
            is_subscription_enabled: false,
            is_unauthenticated_store: false,
            resources: entries.collect(),
        })
    }
}

impl Resource {
    fn entry(&self, details: Details) -> Entry<'_> {
        let launch_id = &self.launch_id;
        let is_desktop = self.resource_type == ResourceType::DESKTOP;
        let is_full = details == Details::Full;
        let properties = self.properties.iter().map(|property| PropertyEntry {
            name: &property.id,
            values: &property.values,
        });
        let images = self.images.iter().map(|image| ImageEntry {
            depth: image.depth,
            size: image.size,
        });
        Entry {
            clienttypes: &self.client_types,
            content: self.resource_type == ResourceType::DOCUMENT,
            description: &self.description,
            desktopassignmenttype: is_desktop.then_some("shared"),
            desktophostname: "",
            disabled: self.disabled,
            iconurl: format!("Resources/Icon/{}?size=128", self.thumbprint),
            id: &self.id,
            images: is_full.then(|| images.collect()),
            isdesktop: is_desktop,
            keywords: &self.keywords,
            launchstatusurl: format!("Resources/GetLaunchStatus/{launch_id}"),
            launchurl: format!("Resources/LaunchIca/{launch_id}.ica"),
            mandatory: self.mandatory,
            name: &self.name,
            path: &self.path,
            playsfiletypes: is_full.then_some(&self.plays_file_types),
            properties: is_full.then(|| properties.collect()),
            publishername: is_full.then_some(&self.publisher_name),
            recommended: self.recommended,
            shortcutvalidationurl: format!("Resources/ValidateAppShortcutLaunch/{launch_id}"),
            r#type: is_full.then_some(&self.resource_type.0),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}
