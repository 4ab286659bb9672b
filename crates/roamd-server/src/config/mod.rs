//! The configuration, read from the file system.
//!
//! `roamd-config` turns its text into checked values. This module gives it the files that the text
//! names, and turns its values into those of the crates below.

mod files;
mod group;
mod read;
mod transport;

pub use roamd_config::{
    AccentColor, AddressForm, Audit, Authentication, BaseUrl, BaseUrlError, BaseUrls, Branding,
    CitrixGateway, ClientNameLength, Config, ControllerOrder, ControllerTls, ControllerUrl,
    CredentialCheck, Endpoint, Essentials, Etcd, Farm, Generation, Keys, Lifetime, LineError,
    ListenerConfig, ListenerTls, LoginThrottle, Logo, LogoFormat, PasswordChangePolicy,
    PublicKeyPin, ResourceFilter, RoamingPolicy, SAMPLE, SampleLine, SampleRatio, Scheme,
    SectionSettings, ServerLimits, Setting, SettingValue, SpellingChoice, State, Store, Tracing,
    Trust, UrlPath, UrlPathError, WebSite, WhenUnreachable, WrongPart, listen_address,
    sample_lines,
};

pub(crate) use files::group_settings;
pub use group::EtcdFileError;
pub use read::{ConfigError, parse, read, read_essentials, read_settings};
pub(crate) use read::{line_of, read_with_text};
pub(crate) use transport::{client_tls, listener_limits};
