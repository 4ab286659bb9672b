//! User farm mappings: which farms of a store serve which users (SI-13, SI-14).

mod rules;
mod user_farms;

pub use self::rules::{FarmMapping, FarmSet, LaunchOrder};
pub use self::user_farms::{FarmAccess, UserFarms};
