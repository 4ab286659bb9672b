//! The imported configuration: checked values, before they become text.

use std::time::Duration;

use roamd_config::{
    AddressForm, BaseUrl, ControllerOrder, ControllerUrl, Generation, ResourceFilter, Sid, UrlPath,
    WorkspaceControl,
};
use roamd_sessions::HostPort;
use secrecy::{ExposeSecret as _, SecretString};

/// What the files of a deployment become.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// The addresses of the server, the canonical one first. Empty if no file names one.
    pub(crate) base_urls: Vec<BaseUrl>,
    pub(crate) sign_in: SignIn,
    pub(crate) stores: Vec<Store>,
}

/// Sign-in with user name and password.
#[derive(Debug, Default)]
pub(crate) struct SignIn {
    pub(crate) path: Option<UrlPath>,
    pub(crate) domains: Vec<String>,
    pub(crate) default_domain: Option<String>,
    pub(crate) hide_domain_field: bool,
    /// `password_change`; `None` if no file says when users may change their password.
    pub(crate) password_change: Option<&'static str>,
    pub(crate) token_lifetime: Option<Duration>,
    pub(crate) token_lifetime_max: Option<Duration>,
}

/// A store and its farms.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) path: UrlPath,
    /// `None` if no file has the setting.
    pub(crate) override_client_name: Option<bool>,
    pub(crate) filter: Option<ResourceFilter>,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) web: Option<WebSite>,
    pub(crate) farms: Vec<Farm>,
    pub(crate) mappings: Vec<Mapping>,
    /// Farms and mappings that are not taken: comments at the end of the store.
    pub(crate) not_taken: Vec<String>,
}

/// A user farm mapping.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) name: String,
    /// What the administrator has to do, as a comment.
    pub(crate) to_do: Option<&'static str>,
    /// Names and identifiers of the groups; empty for all users.
    pub(crate) groups: Vec<(String, Sid)>,
    /// At least one.
    pub(crate) sets: Vec<FarmSet>,
}

/// Farms of a mapping that stand for each other, by their ids.
#[derive(Debug)]
pub(crate) struct FarmSet {
    /// At least one.
    pub(crate) primary: Vec<String>,
    pub(crate) backup: Vec<String>,
    pub(crate) is_balanced: bool,
    pub(crate) aggregation_group: Option<String>,
}

/// A Citrix Gateway of a store.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) address: HostPort,
    /// Ids of the farms that it reaches, those of its zones included; empty for all.
    pub(crate) farms: Vec<String>,
    /// Names and addresses in requests that it forwards.
    pub(crate) via: Vec<String>,
    pub(crate) authorities: Vec<ControllerUrl>,
    pub(crate) authority_order: ControllerOrder,
    /// Key of all authorities without one in `own_service_keys`.
    pub(crate) service_key: Option<KeyFile>,
    /// Keys of single authorities.
    pub(crate) own_service_keys: Vec<(Vec<ControllerUrl>, KeyFile)>,
    pub(crate) session_reliability: bool,
}

/// The web site of a store.
#[derive(Debug, Default)]
pub(crate) struct WebSite {
    pub(crate) path: Option<UrlPath>,
    pub(crate) idle_minutes: Option<u64>,
    pub(crate) workspace_control: Option<WorkspaceControl>,
}

/// A farm.
#[derive(Debug)]
pub(crate) struct Farm {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) generation: Generation,
    pub(crate) controllers: Vec<ControllerUrl>,
    pub(crate) controller_order: ControllerOrder,
    pub(crate) timeouts: Timeouts,
    pub(crate) attempts: Option<u64>,
    pub(crate) service_key: Option<KeyFile>,
    pub(crate) ticket_seconds: Option<u64>,
    pub(crate) address_form: Option<AddressForm>,
    pub(crate) legacy_workspace_control: bool,
    pub(crate) never_through_gateway: bool,
    /// Names of its zones.
    pub(crate) zones: Vec<String>,
    pub(crate) aggregation: Option<Aggregation>,
    /// Comments above the farm.
    pub(crate) remarks: Vec<String>,
}

/// Deadlines of a farm, in milliseconds. Those that are `None` are the defaults of roamd.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) whole: Option<u64>,
    pub(crate) connect: Option<u64>,
    pub(crate) response: Option<u64>,
}

/// Aggregation group of a farm, and the mapping that names it.
#[derive(Debug, Clone)]
pub(crate) struct Aggregation {
    pub(crate) group: String,
    pub(crate) mapping: String,
}

/// A file with a service key, which is a secret.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// Path that the configuration names.
    pub path: String,
    /// The key. Only its owner may read the file.
    pub key: SecretString,
}

impl KeyFile {
    /// Returns the content of the file: the key in its first line.
    #[must_use]
    pub fn content(&self) -> SecretString {
        format!("{}\n", self.key.expose_secret()).into()
    }
}

impl Deployment {
    /// Returns the files with secrets that the configuration names.
    pub(crate) fn key_files(&self) -> impl Iterator<Item = &KeyFile> {
        self.stores.iter().flat_map(|store| {
            let gateways = store.gateways.iter().flat_map(|gateway| {
                let own = gateway.own_service_keys.iter().map(|(_, key)| key);
                gateway.service_key.iter().chain(own)
            });
            let farms = store.farms.iter().filter_map(|it| it.service_key.as_ref());
            gateways.chain(farms)
        })
    }
}
