//! Settings of connections to controllers: addresses, service keys and the certificates to accept
//! (nfuse.md §1.1).
//!
//! The module is pure data: it parses, compares and prints. Connections are made by the client of
//! a farm.

mod controller_order;
mod controller_url;
mod public_key_pin;
mod service_keys;
mod trust;

pub use controller_order::ControllerOrder;
pub use controller_url::{ControllerUrl, ControllerUrlError, Security};
pub use public_key_pin::{PinError, PublicKeyPin};
pub use service_keys::{ServiceKey, ServiceKeyError, ServiceKeys};
pub use trust::Trust;
