-- Account lockout after too many wrong passwords, and password changes.

-- Null disables lockout.
ALTER TABLE settings ADD COLUMN lockout_attempts INTEGER DEFAULT 10 CHECK (lockout_attempts >= 1);
ALTER TABLE settings ADD COLUMN lockout_seconds INTEGER NOT NULL DEFAULT 900
    CHECK (lockout_seconds >= 1);
ALTER TABLE settings ADD COLUMN password_length INTEGER NOT NULL DEFAULT 8
    CHECK (password_length >= 1);
-- Number of wrong passwords for unknown users.
ALTER TABLE settings ADD COLUMN failures_of_nobody INTEGER NOT NULL DEFAULT 0;

-- Consecutive wrong passwords, and the time of the last one in milliseconds since 1970.
ALTER TABLE users ADD COLUMN failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0);
ALTER TABLE users ADD COLUMN failed_at INTEGER NOT NULL DEFAULT 0;

-- Passwords that the user may not reuse.
CREATE TABLE former_passwords (
    id            INTEGER PRIMARY KEY,
    user_id       INTEGER NOT NULL REFERENCES users (id),
    password_hash TEXT NOT NULL CHECK (password_hash LIKE '$argon2id$%')
) STRICT;

CREATE INDEX former_passwords_of_user ON former_passwords (user_id);
