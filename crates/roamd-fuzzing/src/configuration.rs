//! Oracles of files that operators write.

use roamd_farm::{World, WorldError};
use roamd_server::config;

/// Parses a configuration. If it is refused, each fault has a line of the file.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Err(faults) = config::parse(text) else {
        return;
    };
    assert!(!faults.is_empty(), "refused without a reason");
    assert!(faults.is_sorted_by_key(|fault| fault.line));
    for fault in &faults {
        assert_within(fault.line, text);
        assert!(!fault.message.is_empty());
    }
}

/// Parses the world file of an embedded farm. If it is refused, the line is one of the file.
pub fn world(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Err(WorldError::Syntax { line, .. }) = World::from_toml(text) {
        assert_within(line, text);
    }
}

fn assert_within(line: usize, text: &str) {
    let lines = 1 + text.matches('\n').count();
    assert!((1..=lines).contains(&line), "line {line} of {lines}");
}
