-- Nothing to change: programs of the version before call the same function, and with the one that it replaced they could lose
-- an update.
SELECT 1;
