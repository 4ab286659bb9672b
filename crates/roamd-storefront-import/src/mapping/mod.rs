//! User farm mappings (SI-13 to SI-15).

mod apply;
mod found;
mod read;

pub(crate) use self::apply::apply;
pub(crate) use self::found::Mapping;
pub(crate) use self::read::read;
