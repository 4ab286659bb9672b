//! Tests of the public interface: sealing, opening and key rings.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod key_ring;
mod sealed_value;
mod vectors;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use roamd_seal::{Key, KeyId, Purpose};

const TOKEN: Purpose = Purpose::new("token");
const SESSION: Purpose = Purpose::new("session");

fn key(id: u32) -> Key {
    let byte = u8::try_from(id).unwrap();
    Key::new(KeyId(id), 1_700_000_000, [byte; Key::LEN].into())
}

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
