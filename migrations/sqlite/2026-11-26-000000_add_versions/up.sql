-- The version of a group: 1 at its creation, one more at each change.
ALTER TABLE groups ADD COLUMN version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1);
