//! Reading a log while it grows.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::commands::audit_files::LineReader;

/// Interval at which the file is read.
const INTERVAL: Duration = Duration::from_millis(250);

/// Passes each complete line of a file on to `each`, and then each that is appended, without end.
/// If another file takes its place, as at a rotation, the rest of this one is read first. Calls
/// `wait` before it waits for lines.
///
/// # Errors
/// If the file cannot be read, or a line cannot be passed on.
pub(super) fn follow<R>(
    path: &Path,
    file: File,
    reader: &mut R,
    each: impl Fn(&mut R, &[u8]) -> anyhow::Result<()>,
    wait: impl Fn(&mut R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut file = BufReader::new(file);
    let mut lines = LineReader::default();
    loop {
        // Before the read: what is written between the two is read below.
        let next = replacement(path, file.get_ref())?;
        lines.read(&mut file, &mut |line| each(reader, line))?;
        match next {
            Some(next) => {
                lines.finish(&mut |line| each(reader, line))?;
                file = BufReader::new(next);
            }
            None => {
                wait(reader)?;
                sleep(INTERVAL);
            }
        }
    }
}

/// Opens the file at a path if it is another one. `None` also if there is none at the moment.
fn replacement(path: &Path, file: &File) -> io::Result<Option<File>> {
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(seen) if (seen.dev(), seen.ino()) == (open.dev(), open.ino()) => Ok(None),
        Ok(_) => File::open(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
