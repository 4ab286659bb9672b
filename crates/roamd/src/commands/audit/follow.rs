//! Reading a log while it grows.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// Interval at which the file is read.
const INTERVAL: Duration = Duration::from_millis(250);

/// Size of one read, in bytes.
const CHUNK: usize = 64 * 1024;

/// Passes each complete line of a file on, and then each that is appended, without end. If another
/// file takes its place, as at a rotation, the rest of this one is read first.
///
/// # Errors
/// If the file cannot be read, or a line cannot be passed on.
pub(super) fn follow(
    path: &Path,
    mut file: File,
    mut each: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut rest = Vec::new();
    loop {
        // Before the read: what is written between the two is read below.
        let next = replacement(path, &file)?;
        read_lines(&mut file, &mut rest, &mut each)?;
        match next {
            Some(next) => {
                each(&std::mem::take(&mut rest))?;
                file = next;
            }
            None => sleep(INTERVAL),
        }
    }
}

/// Passes the complete lines up to the end of the file on. `rest` is the incomplete line.
fn read_lines(
    file: &mut File,
    rest: &mut Vec<u8>,
    each: &mut impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        rest.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') {
            let incomplete = rest.split_off(end + 1);
            for line in std::mem::replace(rest, incomplete).split(|byte| *byte == b'\n') {
                each(line)?;
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
