//! Queue of log lines, and the thread that writes them.
//!
//! A busy server writes one line per request. Lines that arrive within a moment are written
//! together, and a request never waits for a slow reader of the log.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Time that a line waits for others. Warnings and errors do not wait.
const DELAY: Duration = Duration::from_millis(10);

/// Limit of the lines that wait, in bytes. Further ones are lost, and counted.
const MAX_BYTES: usize = 1024 * 1024;

/// Time for the last lines when the queue is dropped: a reader that hangs must not keep the
/// process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Capacity that an empty buffer keeps, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

/// Queue of log lines. Its drop waits until all of them are written, or for [`CLOSE_TIMEOUT`].
pub(super) struct LineQueue {
    shared: Arc<Shared>,
    /// Disconnected when the thread has ended.
    running: Receiver<()>,
}

/// Source of writers for `tracing_subscriber`.
pub(super) struct QueueWriter(Arc<Shared>);

/// Writer of one line.
pub(super) struct LineWriter<'q> {
    shared: &'q Shared,
    is_urgent: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Number of lines that were lost since the last write.
    lost: u64,
    is_urgent: bool,
    is_closed: bool,
}

impl LineQueue {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let (ended, running) = sync_channel(0);
        thread::Builder::new().name("log".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                let _ended = ended;
                write_lines(&shared, output);
            }
        })?;
        Ok(Self { shared, running })
    }

    /// Returns a source of writers to this queue.
    pub(super) fn writer(&self) -> QueueWriter {
        QueueWriter(Arc::clone(&self.shared))
    }
}

impl Drop for LineQueue {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
        self.running.recv_timeout(CLOSE_TIMEOUT).ok();
    }
}

impl Shared {
    /// Locks the lines. No panic can leave them half changed.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'q> MakeWriter<'q> for QueueWriter {
    type Writer = LineWriter<'q>;

    fn make_writer(&'q self) -> LineWriter<'q> {
        LineWriter {
            shared: &self.0,
            is_urgent: false,
        }
    }

    fn make_writer_for(&'q self, metadata: &Metadata<'_>) -> LineWriter<'q> {
        LineWriter {
            shared: &self.0,
            is_urgent: *metadata.level() <= Level::WARN,
        }
    }
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.shared.lock();
        let was_empty = waiting.lines.is_empty() && waiting.lost == 0;
        if waiting.lines.len() + line.len() > MAX_BYTES {
            waiting.lost += 1;
        } else {
            waiting.lines.extend_from_slice(line);
        }
        waiting.is_urgent |= self.is_urgent;
        drop(waiting);
        if was_empty || self.is_urgent {
            self.shared.changed.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines until the queue is closed and empty.
fn write_lines(shared: &Shared, mut output: impl Write) {
    let mut lines = Vec::new();
    loop {
        let (lost, is_closed) = take(shared, &mut lines);
        // A closed stderr leaves no way to report an error.
        output.write_all(&lines).ok();
        if lost > 0 {
            let text = r#"{"level":"WARN","message":"Log lines lost","target":"roamd","count":"#;
            writeln!(output, "{text}{lost}}}").ok();
        }
        output.flush().ok();
        lines.clear();
        lines.shrink_to(KEPT_BYTES);
        if is_closed {
            return;
        }
    }
}

/// Waits for lines and takes them. Returns how many were lost, and whether the queue is closed.
fn take(shared: &Shared, lines: &mut Vec<u8>) -> (u64, bool) {
    let is_idle =
        |waiting: &mut Waiting| waiting.lines.is_empty() && waiting.lost == 0 && !waiting.is_closed;
    let waiting = shared
        .changed
        .wait_while(shared.lock(), is_idle)
        .unwrap_or_else(PoisonError::into_inner);
    let may_wait = |waiting: &mut Waiting| !waiting.is_urgent && !waiting.is_closed;
    let (mut waiting, _) = shared
        .changed
        .wait_timeout_while(waiting, DELAY, may_wait)
        .unwrap_or_else(PoisonError::into_inner);
    std::mem::swap(&mut waiting.lines, lines);
    waiting.is_urgent = false;
    (std::mem::take(&mut waiting.lost), waiting.is_closed)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::SyncSender;

    use super::*;

    /// Output that passes what is written to a channel, and blocks while the channel is full.
    struct Output(SyncSender<Vec<u8>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start(room: usize) -> (LineQueue, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(room);
        (LineQueue::start(Output(sender)).unwrap(), receiver)
    }

    fn text(written: &Receiver<Vec<u8>>) -> String {
        String::from_utf8(written.iter().flatten().collect()).unwrap()
    }

    #[test]
    fn dropped_queue_has_written_all_lines_in_order() {
        let (queue, written) = start(2_000);
        let writer = queue.writer();
        let lines: Vec<String> = (0..1_000).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            writer.make_writer().write_all(line.as_bytes()).unwrap();
        }
        drop(queue);
        assert_eq!(text(&written), lines.concat());
    }

    #[test]
    fn unread_log_loses_lines_and_says_how_many() {
        // The thread blocks in its first write until the channel is read.
        let (queue, written) = start(0);
        let writer = queue.writer();
        let line = vec![b'x'; MAX_BYTES / 8];
        let written_lines = 100;
        for _ in 0..written_lines {
            writer.make_writer().write_all(&line).unwrap();
        }
        let closing = thread::spawn(move || drop(queue));
        let text = text(&written);
        closing.join().unwrap();
        let kept = text.matches('x').count() / line.len();
        let (_, lost) = text.split_once(r#""count":"#).unwrap();
        let lost: usize = lost.trim_end().trim_end_matches('}').parse().unwrap();
        assert_eq!(kept + lost, written_lines);
        assert!(kept <= 16, "{kept} lines waited");
    }
}
