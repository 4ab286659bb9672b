//! Names of the requests of the NFuse protocol.

/// Returns the name of a request: that of its element without `Request`, for example `Address`.
#[must_use]
pub fn request_name(request: &str) -> Option<&str> {
    let (_, element) = request.split_once("<Request")?;
    element.split([' ', '/', '>']).next()
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto::{CapabilitiesRequest, Dialect, encode_request};

    use super::*;

    #[test]
    fn encoded_request_has_its_name() {
        let request = encode_request(Dialect::FMA, &CapabilitiesRequest);
        let request = String::from_utf8(request).unwrap();
        assert_eq!(request_name(&request), Some("Capabilities"));
    }
}
