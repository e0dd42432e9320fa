-- The single row names a migration, `oldest_program`. A program works with this schema if it knows that migration.
-- A migration that only adds things leaves it unchanged. One that breaks older programs sets it to its own version:
--   UPDATE schema_compatibility SET oldest_program = '20261231000000';
CREATE TABLE schema_compatibility (
    id             integer PRIMARY KEY CHECK (id = 1),
    oldest_program text COLLATE "C" NOT NULL CHECK (length(oldest_program) > 0)
);

INSERT INTO schema_compatibility (id, oldest_program) VALUES (1, '20261123000002');
