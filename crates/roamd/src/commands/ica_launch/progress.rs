//! Progress of launches on stderr: live lines on a terminal, plain lines otherwise.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use roamd_store_client::NotReady;

use crate::output;

/// Refresh interval of the live lines.
const REFRESH_INTERVAL: Duration = Duration::from_millis(120);

/// The live lines of all launches. They are hidden with `--quiet`, or if
/// stderr is not a terminal.
pub(super) struct LaunchProgress {
    lines: MultiProgress,
}

/// The live line of one launch.
pub(super) struct ProgressLine {
    bar: ProgressBar,
    name: String,
}

impl LaunchProgress {
    pub(super) fn new() -> Self {
        Self {
            lines: match output::is_quiet() {
                true => MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
                false => MultiProgress::new(),
            },
        }
    }

    /// Adds the line of a launch; `name` names its target.
    pub(super) fn add_line(&self, name: &str) -> ProgressLine {
        let name = output::printable(name);
        // The fixed template is valid, so the fallback is never used.
        let style = ProgressStyle::with_template("{spinner} {prefix}: {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.lines.add(
            ProgressBar::new_spinner()
                .with_style(style)
                .with_prefix(name.clone())
                .with_message("queued"),
        );
        bar.enable_steady_tick(REFRESH_INTERVAL);
        ProgressLine { bar, name }
    }

    /// Hides the live lines while `print` runs.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.lines.suspend(print)
    }
}

impl Drop for LaunchProgress {
    /// Removes the live lines, so that only results remain on the terminal.
    fn drop(&mut self) {
        // A closed stderr leaves no way to report an error.
        self.lines.clear().ok();
    }
}

impl ProgressLine {
    pub(super) fn show_starting(&self) {
        self.bar.set_message("starting");
    }

    /// Shows why a session is not ready, and when the client asks again.
    pub(super) fn show_waiting(&self, not_ready: &NotReady) {
        let NotReady { reason, wait } = not_ready;
        let state = match reason.as_str() {
            "rebooting" => "the machine is restarting".to_owned(),
            "resuming" => "the machine is resuming".to_owned(),
            "unknown" => "not ready yet".to_owned(),
            other => format!("not ready yet ({other})"),
        };
        let waiting = format!("{state}; next attempt in {} s", wait.as_secs());
        if self.bar.is_hidden() {
            output::print_message(format_args!("{}: {waiting}", self.name));
        } else {
            self.bar.set_message(waiting);
        }
    }

    /// Ends the line with a final message.
    pub(super) fn finish(self, message: impl Into<Cow<'static, str>>) {
        self.bar.finish_with_message(message);
    }
}
