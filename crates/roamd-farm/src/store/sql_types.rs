//! Conversions between model types and SQLite values.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Null, ToSqlOutput, ValueRef};

use crate::model::account::AccountState;
use crate::model::content_address::ContentAddress;
use crate::model::file_types::FileTypes;
use crate::model::generation::Generation;
use crate::model::limit::Limit;
use crate::model::session::{SessionState, SharingKey};

/// Stores an enum as text, with one table for both directions.
macro_rules! enum_as_text {
    ($type:ty: $($variant:ident = $text:literal),+ $(,)?) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(match self { $(Self::$variant => $text,)+ }.into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_str()? {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(FromSqlError::InvalidType),
                }
            }
        }
    };
}

enum_as_text!(AccountState:
    Enabled = "enabled",
    Disabled = "disabled",
    LockedOut = "locked-out",
    Expired = "expired",
    MustChange = "must-change",
);

enum_as_text!(Generation:
    XenApp6 = "xenapp-6",
    XenDesktop5 = "xendesktop-5",
    Cvad7 = "cvad-7",
);

enum_as_text!(SessionState: Active = "active", Disconnected = "disconnected");

/// Stores a value as its `Display` text.
macro_rules! display_as_text {
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

display_as_text!(FileTypes, ContentAddress);

/// Stored as a number, or as null for no limit.
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
