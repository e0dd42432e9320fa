-- Nothing to change: a change on SQLite needs no network, so several statements cost as little as one.
SELECT 1;
