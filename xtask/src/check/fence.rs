//! Fenced blocks of code in Markdown.

/// The fenced block that a walk over the lines of a text is in.
#[derive(Default)]
pub(super) struct Fence(Option<&'static str>);

impl Fence {
    /// Whether a line, without its indentation, is part of a fenced block, or begins or ends one.
    pub(super) fn contains(&mut self, line: &str) -> bool {
        if let Some(marker) = self.0 {
            if line.starts_with(marker) {
                self.0 = None;
            }
            return true;
        }
        let mut markers = ["```", "~~~"].into_iter();
        self.0 = markers.find(|marker| line.starts_with(marker));
        self.0.is_some()
    }
}
