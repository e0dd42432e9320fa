ALTER TABLE groups DROP COLUMN version;
