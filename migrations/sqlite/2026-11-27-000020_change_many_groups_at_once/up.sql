-- Nothing to change: SQLite has no such function.
SELECT 1;
