-- The one row says which program may run on this schema: one that knows the migration `oldest_program` at least.
-- A migration that only adds leaves it as it is. One that older programs cannot work with sets it to its own version:
--   UPDATE schema_compatibility SET oldest_program = '20261231000000';
CREATE TABLE schema_compatibility (
    id             integer PRIMARY KEY CHECK (id = 1),
    oldest_program text COLLATE "C" NOT NULL CHECK (length(oldest_program) > 0)
);

INSERT INTO schema_compatibility (id, oldest_program) VALUES (1, '20261123000002');
