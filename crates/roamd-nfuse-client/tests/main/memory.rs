//! What a call leaves in the memory of the process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the controller and the search of the memory are parts of the test"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use roamd_nfuse_client::ControllerOrder;
use roamd_nfuse_proto::{
    Credentials, Domain, LogoffUserSessionsRequest, Password, PasswordEncoding, SessionCriteria,
    SessionSelection, encode_ctx1,
};
use roamd_testkit::count_in_memory;
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
    count_in_memory(|| {
        let mut matched = 0;
        move |byte| {
            let follows = masked.get(matched) == Some(&(byte ^ MASK));
            let starts = masked.first() == Some(&(byte ^ MASK));
            matched = if follows {
                matched + 1
            } else {
                usize::from(starts)
            };
            matched == masked.len()
        }
    })
}
