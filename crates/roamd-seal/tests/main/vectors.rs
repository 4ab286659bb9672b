//! The format, byte by byte: values in use must open with all later versions of roamd. These were
//! made by another implementation of HKDF and AES-GCM-SIV (OpenSSL's).

use data_encoding::HEXLOWER;
use roamd_seal::KeyRing;

use crate::{TOKEN, key};

#[test]
fn values_of_the_first_release_open() {
    let ring = KeyRing::new(key(7), vec![]);
    for value in [
        // Random form.
        "0100000007000102030405060708090a0bef366bdb42a854182344e0b6ae3d0fc13df97b0059054dd64f",
        // Deterministic form.
        "02000000075775e6a3e7096ab2fbf0ce92b9989df3df2ce14e73e0f47e9c",
    ] {
        let value = HEXLOWER.decode(value.as_bytes()).unwrap();
        let plain = ring.open(TOKEN, b"alice", &value).unwrap();
        assert_eq!(&*plain, b"session 3");
    }
}
