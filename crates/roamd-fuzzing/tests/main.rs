//! Replays the seeds of the fuzz targets, and every input that once broke something.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

#[test]
fn what_a_client_may_send() {
    replay("store_request", roamd_fuzzing::store_request);
}

#[test]
fn what_a_store_may_answer() {
    replay("store_answer", roamd_fuzzing::store_answer);
}

#[test]
fn what_a_gateway_may_send() {
    replay("nfuse_request", roamd_fuzzing::nfuse_request);
}

#[test]
fn what_a_farm_may_answer() {
    replay("nfuse_answer", roamd_fuzzing::nfuse_answer);
}

#[test]
fn what_anybody_may_call_xml() {
    replay("xml", roamd_fuzzing::xml);
}

#[test]
fn what_a_client_may_say_that_its_token_is() {
    replay("token", roamd_fuzzing::token);
}

#[test]
fn what_a_client_may_post_to_the_form() {
    replay("conversation", roamd_fuzzing::conversation);
}

#[test]
fn what_an_id_in_a_url_may_be() {
    replay("ids", roamd_fuzzing::ids);
}

#[test]
fn what_a_header_may_be() {
    replay("headers", roamd_fuzzing::headers);
}

#[test]
fn what_an_ica_file_may_be_made_of() {
    replay("ica", roamd_fuzzing::ica);
}

#[test]
fn what_an_operator_may_configure() {
    replay("configuration", roamd_fuzzing::configuration);
}

#[test]
fn what_a_world_may_be() {
    replay("world", roamd_fuzzing::world);
}

#[test]
fn what_a_file_of_keys_may_be() {
    replay("key_ring", roamd_fuzzing::key_ring);
}

/// Gives every seed of a target, and of the others, to its oracle.
fn replay(target: &str, oracle: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    assert!(
        !entries(&corpus.join(target)).is_empty(),
        "{target} has no seeds"
    );
    for seed in entries(&corpus).iter().flat_map(|folder| entries(folder)) {
        let bytes = fs::read(&seed).unwrap();
        let passed = catch_unwind(|| oracle(&bytes)).is_ok();
        assert!(passed, "{target} breaks on {}", seed.display());
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
