-- Nothing to change: SQLite has no such functions.
SELECT 1;
