//! Replays the committed inputs of the fuzz targets, among them all that once caused a failure.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

#[test]
fn store_request_inputs_pass() {
    replay("store_request", roamd_fuzzing::store_request);
}

#[test]
fn store_response_inputs_pass() {
    replay("store_response", roamd_fuzzing::store_response);
}

#[test]
fn nfuse_request_inputs_pass() {
    replay("nfuse_request", roamd_fuzzing::nfuse_request);
}

#[test]
fn nfuse_response_inputs_pass() {
    replay("nfuse_response", roamd_fuzzing::nfuse_response);
}

#[test]
fn xml_inputs_pass() {
    replay("xml", roamd_fuzzing::xml);
}

#[test]
fn token_inputs_pass() {
    replay("token", roamd_fuzzing::token);
}

#[test]
fn conversation_inputs_pass() {
    replay("conversation", roamd_fuzzing::conversation);
}

#[test]
fn id_inputs_pass() {
    replay("ids", roamd_fuzzing::ids);
}

#[test]
fn header_inputs_pass() {
    replay("headers", roamd_fuzzing::headers);
}

#[test]
fn ica_inputs_pass() {
    replay("ica", roamd_fuzzing::ica);
}

#[test]
fn configuration_inputs_pass() {
    replay("configuration", roamd_fuzzing::configuration);
}

#[test]
fn storefront_import_inputs_pass() {
    replay("storefront_import", roamd_fuzzing::storefront_import);
}

#[test]
fn world_inputs_pass() {
    replay("world", roamd_fuzzing::world);
}

#[test]
fn key_ring_inputs_pass() {
    replay("key_ring", roamd_fuzzing::key_ring);
}

#[test]
fn account_inputs_pass() {
    replay("account", roamd_fuzzing::account);
}

#[test]
fn revocation_inputs_pass() {
    replay("revocations", roamd_fuzzing::revocations);
}

#[test]
fn state_file_inputs_pass() {
    replay("state_file", roamd_fuzzing::state_file);
}

#[test]
fn web_inputs_pass() {
    replay("web", roamd_fuzzing::web);
}

/// Calls the oracle of a target with the inputs of all targets.
fn replay(target: &str, oracle: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    assert!(
        !entries(&corpus.join(target)).is_empty(),
        "{target} has no seeds"
    );
    for seed in entries(&corpus).iter().flat_map(|folder| entries(folder)) {
        let bytes = fs::read(&seed).unwrap();
        let passed = catch_unwind(|| oracle(&bytes)).is_ok();
        assert!(passed, "{target} fails with {}", seed.display());
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
