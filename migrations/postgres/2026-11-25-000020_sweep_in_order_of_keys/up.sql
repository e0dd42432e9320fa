-- Nothing to change: PostgreSQL's rows lie in the order in which they were recorded, so the oldest are neighbours.
SELECT 1;
