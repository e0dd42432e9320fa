-- Nothing to change: on SQLite the writer keeps what it remembers in a temporary table.
SELECT 1;
