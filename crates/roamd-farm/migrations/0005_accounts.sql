-- Accounts are locked for a while after too many wrong passwords, and passwords can be changed.

-- Null locks nobody.
ALTER TABLE settings ADD COLUMN lockout_attempts INTEGER DEFAULT 10 CHECK (lockout_attempts >= 1);
ALTER TABLE settings ADD COLUMN lockout_seconds INTEGER NOT NULL DEFAULT 900
    CHECK (lockout_seconds >= 1);
ALTER TABLE settings ADD COLUMN password_length INTEGER NOT NULL DEFAULT 8
    CHECK (password_length >= 1);
-- Wrong passwords of users who do not exist.
ALTER TABLE settings ADD COLUMN failures_of_nobody INTEGER NOT NULL DEFAULT 0;

-- Wrong passwords one after the other, and when the last one was, in milliseconds since 1970.
ALTER TABLE users ADD COLUMN failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0);
ALTER TABLE users ADD COLUMN failed_at INTEGER NOT NULL DEFAULT 0;

-- Passwords that must not come back.
CREATE TABLE former_passwords (
    id            INTEGER PRIMARY KEY,
    user_id       INTEGER NOT NULL REFERENCES users (id),
    password_hash TEXT NOT NULL CHECK (password_hash LIKE '$argon2id$%')
) STRICT;

CREATE INDEX former_passwords_of_user ON former_passwords (user_id);
