//! The embedded farm: an NFuse XML service over SQLite
