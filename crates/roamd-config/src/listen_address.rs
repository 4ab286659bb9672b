//! The address that a listener is bound to.

use std::net::SocketAddr;

/// Error of a text that is no address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListenAddressError {
    /// It has another form, such as a host name.
    #[error("has to be an address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"")]
    Form,
    /// Its port is out of range.
    #[error("has a port that is not a number from 0 to 65535")]
    Port,
}

/// Parses an address and a port. Port 0 lets the system choose one.
///
/// # Errors
/// If the text is none.
pub fn listen_address(text: &str) -> Result<SocketAddr, ListenAddressError> {
    text.parse().map_err(|_| match text.rsplit_once(':') {
        Some((address, port)) if is_number(port) && is_address(address) => ListenAddressError::Port,
        _ => ListenAddressError::Form,
    })
}

fn is_number(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a text is an address as it stands before a port.
fn is_address(text: &str) -> bool {
    format!("{text}:0").parse::<SocketAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_out_of_range_is_named() {
        use ListenAddressError::{Form, Port};
        for (text, expected) in [
            ("127.0.0.1:0", None),
            ("[::]:65535", None),
            ("127.0.0.1:65536", Some(Port)),
            ("[::1]:99999999999999999999", Some(Port)),
            ("127.0.0.1:", Some(Form)),
            ("127.0.0.1:-1", Some(Form)),
            ("127.0.0.1", Some(Form)),
            ("::1:99999", Some(Form)),
            ("localhost:99999", Some(Form)),
        ] {
            assert_eq!(listen_address(text).err(), expected, "{text}");
        }
    }
}
