-- 1: the machine of the host refuses every connection, as a broken one does.

ALTER TABLE hosts ADD COLUMN refusing INTEGER NOT NULL DEFAULT 0 CHECK (refusing IN (0, 1));
