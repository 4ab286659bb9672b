//! Reading the files of an audit log.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Bytes of a line that are read. Those of the server are shorter; the rest of another one is left
/// out, so that no file can fill the memory.
const MAX_LINE: usize = 1024 * 1024;

/// The line that is being read. A growing file may end in the middle of it.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    line: Vec<u8>,
}

impl LineReader {
    /// Passes the complete lines up to the end of the input on, without their line ends.
    ///
    /// # Errors
    /// If the input cannot be read, or a line cannot be passed on.
    pub(super) fn read(
        &mut self,
        input: &mut impl BufRead,
        each: &mut impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        loop {
            let part = match input.fill_buf() {
                Ok(part) => part,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if part.is_empty() {
                return Ok(());
            }
            let end = part.iter().position(|byte| *byte == b'\n');
            let room = MAX_LINE.saturating_sub(self.line.len());
            let length = end.unwrap_or(part.len());
            self.line.extend(part.iter().take(length.min(room)));
            input.consume(end.map_or(length, |end| end + 1));
            if end.is_some() {
                each(&self.line)?;
                self.line.clear();
            }
        }
    }

    /// Passes a last line without a line end on.
    ///
    /// # Errors
    /// If the line cannot be passed on.
    pub(super) fn finish(
        &mut self,
        each: &mut impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let line = std::mem::take(&mut self.line);
        match line.is_empty() {
            true => Ok(()),
            false => each(&line),
        }
    }
}

/// Passes each line of an audit log on, the oldest first: those of its rotated files, then its own.
///
/// # Errors
/// If a file cannot be read, or a line cannot be passed on.
pub(super) fn read_lines(
    path: &Path,
    mut each: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    read_rotated_lines(path, &mut each)?;
    read_file(path, &mut each)
}

/// Like [`read_lines`], of the rotated files only.
pub(super) fn read_rotated_lines(
    path: &Path,
    each: &mut impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut files = rotated_files(path).into_iter();
    files.try_for_each(|file| read_file(&file, each))
}

fn read_file(
    path: &Path,
    each: &mut impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut lines = LineReader::default();
    lines.read(&mut BufReader::new(open(path)?), each)?;
    lines.finish(each)
}

/// The rotated files of a log, oldest first: the one with the highest number.
fn rotated_files(path: &Path) -> Vec<PathBuf> {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let mut files: Vec<_> = (1..)
        .map(numbered)
        .take_while(|path| path.exists())
        .collect();
    files.reverse();
    files
}

/// Opens one of the files.
///
/// # Errors
/// If it cannot be read.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    opened.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::PermissionDenied => "; run the command as its owner",
            _ => "",
        };
        let text = format!("cannot read the audit log {}{advice}", path.display());
        anyhow::Error::from(error).context(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an input in parts of this size, and returns the lines.
    fn lines(input: &[u8], part: usize) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut each = |line: &[u8]| {
            found.push(line.to_owned());
            Ok(())
        };
        let mut reader = LineReader::default();
        for part in input.chunks(part) {
            reader.read(&mut &*part, &mut each).unwrap();
        }
        reader.finish(&mut each).unwrap();
        found
    }

    #[test]
    fn lines_do_not_depend_on_the_parts_of_the_input() {
        for part in [1, 2, 3, 100] {
            let found = lines(b"one\n\ntwo\nrest", part);
            assert_eq!(found, [&b"one"[..], b"", b"two", b"rest"], "{part}");
        }
    }

    #[test]
    fn long_line_is_cut_and_the_next_is_whole() {
        let mut input = vec![b'x'; 3 * MAX_LINE];
        input.extend(b"\nnext\n");
        let found = lines(&input, 64 * 1024);
        let lengths: Vec<_> = found.iter().map(Vec::len).collect();
        assert_eq!(lengths, [MAX_LINE, 4]);
        assert_eq!(found[1], b"next");
    }
}
