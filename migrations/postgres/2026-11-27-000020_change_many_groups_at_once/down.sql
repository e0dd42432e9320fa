-- Nothing to change: programs of the version before call the same functions, with the same results.
SELECT 1;
