-- Extensions of the files that an application opens, separated by commas, or 'none'; and the
-- address of a document.

ALTER TABLE applications ADD COLUMN file_types TEXT NOT NULL DEFAULT 'none' CHECK (file_types <> '');
ALTER TABLE applications ADD COLUMN content TEXT
    CHECK (content IS NULL OR (content <> '' AND is_desktop = 0));
