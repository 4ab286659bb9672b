//! Enums as what the database keeps of them.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Null, ToSqlOutput, ValueRef};

use crate::files::{ContentAddress, FileTypes};
use crate::launch::sharing::SharingKey;
use crate::limit::Limit;
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

/// Keeps a value as the text that it is read from.
macro_rules! texts {
    ($($type:ty),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
            }
        }
    )+};
}

texts!(FileTypes, ContentAddress);

/// A number, or null for none.
impl ToSql for Limit {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::None => Null.into(),
            Self::AtMost(most) => (*most).into(),
        })
    }
}

impl FromSql for Limit {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Option::<u32>::column_result(value)?.map_or(Self::None, Self::AtMost))
    }
}

impl ToSql for SharingKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for SharingKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        String::column_result(value).map(Self)
    }
}
