-- (placeholder)
SELECT 1;
