//! Frames of HTTP/2 (RFC 9113), for peers that no well-kept library plays.

/// Kind of a frame with a part of a body (RFC 9113 §6).
pub const DATA: u8 = 0;
/// Kind of a frame that begins a header block.
pub const HEADERS: u8 = 1;
/// Kind of a frame that ends a stream early.
pub const RST_STREAM: u8 = 3;
/// Kind of a frame with settings.
pub const SETTINGS: u8 = 4;
/// Kind of a frame that asks for a sign of life.
pub const PING: u8 = 6;
/// Kind of a frame that ends a connection.
pub const GOAWAY: u8 = 7;
/// Kind of a frame that widens a window.
pub const WINDOW_UPDATE: u8 = 8;
/// Kind of a frame that continues a header block.
pub const CONTINUATION: u8 = 9;

/// What a client sends first (RFC 9113 §3.4). Its settings follow.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// `:method`, `:path`, `:scheme` and `:authority` of a GET request for `/`, encoded with HPACK.
pub const GET_ROOT: &[u8] = b"\x82\x84\x87\x41\x01h";

/// A field of a header block, encoded with HPACK.
pub const FIELD: &[u8] = b"\x40\x01a\x01b";

/// Encodes a frame. The payload has at most 2²⁴ − 1 bytes.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [.., high, middle, low] = payload.len().to_be_bytes();
    let stream = stream.to_be_bytes();
    [&[high, middle, low, kind, flags], &stream[..], payload].concat()
}
