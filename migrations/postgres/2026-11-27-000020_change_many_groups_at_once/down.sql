-- Nothing to change: programs of the version before call the same function, with the same results.
SELECT 1;
