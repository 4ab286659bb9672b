//! What the caller of an import decides.

use roamd_config::{AddressForm, BaseUrl, Generation, UrlPath};

use crate::farm_name;

/// Decisions of the operator about an import.
#[derive(Debug, Clone)]
pub struct Options {
    /// Path of the store, in place of the one that files tell. Only for a single store.
    pub store: Option<UrlPath>,
    /// Address of the server, in place of those that files tell.
    pub base_url: Option<BaseUrl>,
    /// Generations of farms, by the names of StoreFront.
    pub generations: Vec<(String, Generation)>,
    /// Folder of the files with service keys that the configuration names.
    pub key_folder: String,
    /// Whether the caller writes these files. Otherwise the operator has to.
    pub writes_key_files: bool,
}

impl Options {
    /// Returns the generation that the operator gives for a farm.
    pub(crate) fn generation(&self, farm: &str) -> Option<Generation> {
        self.generations
            .iter()
            .find(|(name, _)| farm_name::is_same(name, farm))
            .map(|(_, generation)| *generation)
    }
}

/// The generations by their names in the configuration.
pub const GENERATIONS: [(&str, Generation); 3] = [
    ("xenapp-6", Generation::XenApp6),
    ("xendesktop-5", Generation::XenDesktop5),
    ("cvad-7", Generation::Cvad7),
];

/// Returns the name of a generation in the configuration.
pub(crate) fn generation_name(generation: Generation) -> &'static str {
    match generation {
        Generation::XenApp6 => "xenapp-6",
        Generation::XenDesktop5 => "xendesktop-5",
        Generation::Cvad7 => "cvad-7",
    }
}

/// Reads a form of addresses (SI-19); `None` if roamd has no such form.
pub(crate) fn address_form(text: &str) -> Option<AddressForm> {
    match text.to_ascii_lowercase().replace('-', "").as_str() {
        "dns" | "0" => Some(AddressForm::Dns),
        "dnsport" | "1" => Some(AddressForm::DnsPort),
        "ipv4" | "2" | "dot" | "4" => Some(AddressForm::Dot),
        "ipv4port" | "3" | "dotport" | "5" => Some(AddressForm::DotPort),
        "nochange" | "7" => Some(AddressForm::NoChange),
        _ => None,
    }
}
