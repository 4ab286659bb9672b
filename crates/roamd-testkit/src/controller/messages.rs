//! HTTP responses, NFuse documents, and the names of NFuse requests.

use roamd_nfuse_proto::{Body, Dialect, Encoding, Frame, encode_response};

/// Returns an HTTP response of an XML service, for a status such as `200 OK`.
///
/// `headers` are whole lines. `Content-Length` is added if they give neither a length nor a
/// transfer encoding.
#[must_use]
pub fn http_response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let lower = headers.to_ascii_lowercase();
    let length = if lower.contains("content-length") || lower.contains("transfer-encoding") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n{headers}{length}\r\n");
    [head.as_bytes(), body].concat()
}

/// Returns a document in dialect 5.4 with this content of its `Response…` element.
///
/// A request goes by the name of its element without `Request`, for example `Address`.
#[must_use]
pub fn document(request: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<!DOCTYPE NFuseProtocol SYSTEM \
         \"NFuse.dtd\">\n<NFuseProtocol version=\"5.4\"><Response{request}>{content}\
         </Response{request}></NFuseProtocol>\n"
    )
}

/// Encodes a response, and returns the name of its request with the document.
#[must_use]
pub fn encode_document<B: Body>(dialect: Dialect, response: B) -> (String, Vec<u8>) {
    let frame = Frame {
        dialect,
        encoding: Encoding::Utf8,
    };
    let name = B::ELEMENT.trim_start_matches("Response").to_owned();
    (name, encode_response(&frame, &Ok(response)))
}

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
