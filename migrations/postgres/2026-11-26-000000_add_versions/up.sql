-- The version of a group: 1 at its creation, one more at each change. A constant default rewrites no row, and NOT VALID
-- skips the check of existing rows.
ALTER TABLE groups
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT groups_version_check CHECK (version >= 1) NOT VALID;
