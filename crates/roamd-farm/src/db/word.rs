//! Enums as the words that the database keeps.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

use crate::world::{Account, Generation, SessionState};

/// Keeps an enum as text: one table of words for both directions.
macro_rules! words {
    ($type:ty: $($variant:ident = $word:literal),+ $(,)?) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(match self { $(Self::$variant => $word,)+ }.into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_str()? {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(FromSqlError::InvalidType),
                }
            }
        }
    };
}

words!(Account:
    Enabled = "enabled",
    Disabled = "disabled",
    LockedOut = "locked-out",
    Expired = "expired",
    MustChange = "must-change",
);

words!(Generation:
    XenApp6 = "xenapp-6",
    XenDesktop5 = "xendesktop-5",
    Cvad7 = "cvad-7",
);

words!(SessionState: Active = "active", Disconnected = "disconnected");
