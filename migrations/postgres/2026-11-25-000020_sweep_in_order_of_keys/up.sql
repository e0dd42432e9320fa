-- Nothing to change: PostgreSQL stores rows in the order of insertion, so the oldest keys share pages.
SELECT 1;
