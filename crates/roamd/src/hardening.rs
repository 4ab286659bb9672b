//! Process hardening: no debugger and no core dumps for any command; private files for those that
//! serve.

use anyhow::Context;
use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask,
};

/// Protects the memory of this process: other processes of the same user cannot attach to it or
/// read its memory, and a crash writes no core dump. Programs that it starts are not affected.
///
/// # Errors
/// If the system refuses the setting.
pub(crate) fn protect_memory() -> anyhow::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .context("cannot protect the memory of this process from other processes")
}

/// Protects the memory and the files of this process and of programs that it starts: a crash writes
/// no core dump, and files that it creates are accessible to its own user only.
///
/// # Errors
/// If the system refuses one of the settings.
pub(crate) fn harden_process() -> anyhow::Result<()> {
    protect_memory()?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).context("cannot disable core dumps")?;
    umask(Mode::RWXG | Mode::RWXO);
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn hardened_process_is_not_dumpable() {
        harden_process().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
    }
}
