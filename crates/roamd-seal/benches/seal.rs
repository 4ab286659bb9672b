//! Sealing and opening: a token of 300 bytes and a session id of 60.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark may stop at the first surprise"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use roamd_seal::{Key, KeyId, KeyRing, Purpose};

const TOKEN: Purpose = Purpose::new("token");
const SESSION: Purpose = Purpose::new("session");

fn seal(c: &mut Criterion) {
    let mut rng = UnwrapErr(SysRng);
    let key = Key::random(KeyId(1), 0, &mut rng);
    let ring = KeyRing::new(key, vec![]);

    let claims = [b'c'; 300];
    c.bench_function("seal a token", |b| {
        b.iter(|| ring.seal(TOKEN, b"", &claims, &mut rng));
    });
    let token = ring.seal(TOKEN, b"", &claims, &mut rng);
    c.bench_function("open a token", |b| {
        b.iter(|| ring.open(TOKEN, b"", &token).unwrap());
    });

    let session = [b's'; 60];
    c.bench_function("seal a session id", |b| {
        b.iter(|| ring.seal_deterministic(SESSION, b"demo\\alice", &session));
    });
    let id = ring.seal_deterministic(SESSION, b"demo\\alice", &session);
    c.bench_function("open a session id", |b| {
        b.iter(|| ring.open(SESSION, b"demo\\alice", &id).unwrap());
    });
}

criterion_group!(benches, seal);
criterion_main!(benches);
