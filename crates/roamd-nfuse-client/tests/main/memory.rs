//! What a call leaves in the memory of the process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the controller and the search of the memory are parts of the test"
)]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileExt as _;
use std::thread;

use roamd_nfuse_client::ControllerOrder;
use roamd_nfuse_proto::{
    Credentials, Domain, LogoffUserSessionsRequest, Password, PasswordEncoding, SessionCriteria,
    SessionSelection, encode_ctx1,
};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::support::{LONG, controller, done, farm};

/// Masks the text that is searched for, so that the search does not find itself.
const MASK: u8 = 0xff;

/// Number of letters of the encoded password that count as a trace.
const TRACE: usize = 32;

/// A request of more than one and of more than four KiB: the buffer of the request has grown.
#[tokio::test]
async fn sent_password_leaves_no_trace_in_memory() {
    for client_name in [10, 2_000, 10_000] {
        let address = wiping_controller();
        let farm = farm(vec![controller(address)], ControllerOrder::Ordered, LONG);
        let request = LogoffUserSessionsRequest(SessionSelection::new(SessionCriteria {
            client_name: Some("C".repeat(client_name)),
            ..SessionCriteria::new(Credentials::Explicit {
                user_name: "alice".to_owned(),
                password: Some(Password {
                    value: password(),
                    encoding: PasswordEncoding::Ctx1,
                }),
                domain: Some(Domain::nt("DEMO")),
            })
        }));
        farm.call(&request).await.unwrap();
        drop(request);
        assert_eq!(traces(&searched()), 0, "{client_name}");
    }
}

/// A password that is in no literal of the program.
fn password() -> SecretString {
    let letters = (0..30_u8).map(|index| char::from(b'a' + index * 7 % 26));
    letters.collect::<String>().into()
}

/// The middle of the encoded password, masked.
fn searched() -> Vec<u8> {
    let encoded = Zeroizing::new(encode_ctx1(secrecy::ExposeSecret::expose_secret(
        &password(),
    )));
    let middle = encoded.as_bytes().iter().skip(TRACE).take(TRACE);
    middle.map(|byte| byte ^ MASK).collect()
}

/// A controller that responds to one request, and wipes what it has read.
fn wiping_controller() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut read = Zeroizing::new(vec![0; 64 * 1024]);
        let mut length = 0;
        while !read[..length].ends_with(b"</NFuseProtocol>") {
            length += stream.read(&mut read[length..]).unwrap();
        }
        drop(read);
        stream.write_all(&done()).unwrap();
    });
    address
}

/// Returns how often a masked text is in the writable memory of this process.
fn traces(masked: &[u8]) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut traces = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|it| u64::from_str_radix(it, 16).unwrap());
        let mut page = Zeroizing::new([0; 4096]);
        let mut matched = 0;
        for address in (start..end).step_by(page.len()) {
            // Unreadable pages hold no data.
            let Ok(()) = memory.read_exact_at(page.as_mut_slice(), address) else {
                continue;
            };
            for byte in page.iter() {
                let follows = masked.get(matched) == Some(&(byte ^ MASK));
                let starts = masked.first() == Some(&(byte ^ MASK));
                matched = if follows {
                    matched + 1
                } else {
                    usize::from(starts)
                };
                traces += usize::from(matched == masked.len());
            }
        }
    }
    traces
}
