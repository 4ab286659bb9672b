//! Oracles of files that operators write.

use roamd_farm::{World, WorldError};
use roamd_server::config;

/// Parses a configuration. If it is refused, each error has a line of the file.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Err(errors) = config::parse(text) else {
        return;
    };
    assert!(!errors.is_empty(), "refused without a reason");
    assert!(errors.is_sorted_by_key(|error| error.line));
    for error in &errors {
        assert_within(error.line, text);
        assert!(!error.message.is_empty());
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
