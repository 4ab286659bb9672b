//! What goes on with each session: live lines on a terminal, plain lines elsewhere; always on
//! stderr.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use roamd_store_client::NotReady;

use crate::output;

/// Time between two pictures of a live line.
const TICK: Duration = Duration::from_millis(120);

/// The lines of all sessions. They are hidden if stderr is no terminal.
pub(super) struct Progress {
    lines: MultiProgress,
}

/// The line of one session.
pub(super) struct Line {
    bar: ProgressBar,
    name: String,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            lines: MultiProgress::new(),
        }
    }

    /// A line for a session.
    pub(super) fn line(&self, name: &str) -> Line {
        let name = output::shown(name);
        // The template is fixed, so it can be read.
        let style = ProgressStyle::with_template("{spinner} {prefix}: {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.lines.add(
            ProgressBar::new_spinner()
                .with_style(style)
                .with_prefix(name.clone())
                .with_message("queued"),
        );
        bar.enable_steady_tick(TICK);
        Line { bar, name }
    }

    /// Does something that prints, without being in the way.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.lines.suspend(print)
    }
}

impl Drop for Progress {
    /// Only results stay on a terminal.
    fn drop(&mut self) {
        // There is nobody left to tell when stderr is gone.
        self.lines.clear().ok();
    }
}

impl Line {
    pub(super) fn starting(&self) {
        self.bar.set_message("starting");
    }

    pub(super) fn waiting(&self, not_ready: &NotReady) {
        let NotReady { reason, wait } = not_ready;
        let why = match reason.as_str() {
            "rebooting" => "restarts".to_owned(),
            "resuming" => "wakes up".to_owned(),
            "unknown" => "not ready yet".to_owned(),
            other => format!("not ready yet ({other})"),
        };
        let waiting = format!("{why}; asked again in {} s", wait.as_secs());
        if self.bar.is_hidden() {
            output::note(format_args!("{}: {waiting}", self.name));
        } else {
            self.bar.set_message(waiting);
        }
    }

    pub(super) fn end(self, how: impl Into<Cow<'static, str>>) {
        self.bar.finish_with_message(how);
    }
}
