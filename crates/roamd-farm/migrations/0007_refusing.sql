-- 1: the host refuses every connection, as a broken machine does.

ALTER TABLE hosts ADD COLUMN refusing INTEGER NOT NULL DEFAULT 0 CHECK (refusing IN (0, 1));
