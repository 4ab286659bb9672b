//! Requests as a peer reads them from a connection.

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Takes the first whole request, head and body, out of the bytes that a client has sent. Returns
/// `None` while there is none.
pub(crate) fn take_request(bytes: &mut Vec<u8>) -> Option<String> {
    let head = bytes
        .windows(END_OF_HEAD.len())
        .position(|four| four == END_OF_HEAD)?
        + END_OF_HEAD.len();
    let length = head + content_length(&bytes[..head]);
    if bytes.len() < length {
        return None;
    }
    let rest = bytes.split_off(length);
    let request = std::mem::replace(bytes, rest);
    Some(String::from_utf8_lossy(&request).into_owned())
}

fn content_length(head: &[u8]) -> usize {
    String::from_utf8_lossy(head)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_request_is_not_taken() {
        let whole = b"POST / HTTP/1.1\r\ncontent-LENGTH: 2\r\n\r\nab".to_vec();
        for end in 0..whole.len() {
            assert_eq!(take_request(&mut whole[..end].to_vec()), None, "{end}");
        }
        let mut two = whole.repeat(2);
        for _ in 0..2 {
            let request = take_request(&mut two).unwrap();
            assert_eq!(request.as_bytes(), whole);
        }
        assert!(two.is_empty());
    }
}
