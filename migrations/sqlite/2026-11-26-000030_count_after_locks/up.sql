-- Nothing to change: on SQLite the open transaction is the only writer, so a count in it is exact.
SELECT 1;
