//! What is in the memory of the process of a test.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use zeroize::Zeroizing;

/// Returns how often a text is in the writable memory of this process.
///
/// A matcher gets the bytes of one region after the other, and returns whether the text ends at a
/// byte. It must not contain the text as it is searched for, because it would find itself.
pub fn count_in_memory<M: FnMut(u8) -> bool>(matcher: impl Fn() -> M) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|it| u64::from_str_radix(it, 16).unwrap());
        let mut page = Zeroizing::new([0; 4096]);
        let mut is_end = matcher();
        for address in (start..end).step_by(page.len()) {
            // Unreadable pages hold no data.
            if memory.read_exact_at(page.as_mut_slice(), address).is_ok() {
                found += page.iter().filter(|byte| is_end(**byte)).count();
            }
        }
    }
    found
}

/// Returns the peak of the resident memory of this process, in KiB.
#[must_use]
pub fn peak_memory() -> u64 {
    status("VmHWM:")
}

/// Returns the resident memory of this process, in KiB.
#[must_use]
pub fn resident_memory() -> u64 {
    status("VmRSS:")
}

fn status(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix(line));
    let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
    kibibytes.parse().unwrap()
}
