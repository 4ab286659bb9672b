#![doc = include_str!("../README.md")]

mod base_url;
mod base_urls;
mod document;
mod endpoint;
mod essentials;
mod etcd;
mod files;
mod listen_address;
mod reader;
mod sample;
mod sections;
mod settings;
mod tls;
mod url_path;

pub use roamd_nfuse_proto::transport::{
    ControllerOrder, ControllerUrl, PublicKeyPin, ServiceKeys, Trust,
};
pub use roamd_sessions::{
    ClientNameLength, FarmMapping, FarmSet, FilterType, Generation, LaunchOrder, ResourceFilter,
    Roaming, RoamingException, RoamingPolicy, RoamingUser, Sid,
};
pub use roamd_store_proto::Lifetime;
pub use roamd_web_proto::{LogoffAction, WorkspaceControl};

pub use base_url::{BaseUrl, BaseUrlError, Scheme};
pub use base_urls::{BaseUrls, MixedSchemes};
pub use document::{Config, parse};
pub use endpoint::Endpoint;
pub use essentials::{Essentials, WrongPart};
pub use etcd::{Etcd, WhenUnreachable};
pub use files::{CertificateError, FileError, Files};
pub use listen_address::{ListenAddressError, listen_address};
pub use reader::report::LineError;
pub use sample::{SAMPLE, SampleLine, sample_lines};
pub use sections::audit::Audit;
pub use sections::authentication::{Authentication, CredentialCheck, PasswordChangePolicy};
pub use sections::branding::{AccentColor, Branding, Logo, LogoFormat};
pub use sections::citrix_gateway::CitrixGateway;
pub use sections::farm::{AddressForm, Farm};
pub use sections::keys::{Keys, MOST_KEYS, shortest_rotate_after};
pub use sections::limits::ServerLimits;
pub use sections::listener::ListenerConfig;
pub use sections::login_throttle::LoginThrottle;
pub use sections::state::State;
pub use sections::store::{MOST_SIDS, SpellingChoice, Store};
pub use sections::tracing::{SampleRatio, Tracing};
pub use sections::web_site::WebSite;
pub use settings::{SectionSettings, Setting, SettingValue, settings};
pub use tls::{ControllerTls, ListenerTls};
pub use url_path::{UrlPath, UrlPathError};
