//! The certificates that a client accepts from a controller.

use super::public_key_pin::PublicKeyPin;

/// Rule for the certificates that a client accepts from the controllers of a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Certificates for the name of the controller, issued by an authority that the operating
    /// system trusts.
    System,
    /// Certificates for the name of the controller, issued by one of these authorities, in PEM.
    Authorities(Vec<u8>),
    /// Certificates with one of these public keys. Their issuer and name are not checked, because
    /// the holder of the private key is the controller.
    PublicKeys(Vec<PublicKeyPin>),
}
