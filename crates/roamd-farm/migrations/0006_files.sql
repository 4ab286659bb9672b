-- Extensions of the files that an application opens, with commas between them, or 'none'. A document
-- has an address, and nothing of it runs.

ALTER TABLE applications ADD COLUMN file_types TEXT NOT NULL DEFAULT 'none' CHECK (file_types <> '');
ALTER TABLE applications ADD COLUMN content TEXT
    CHECK (content IS NULL OR (content <> '' AND is_desktop = 0));
