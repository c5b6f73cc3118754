-- Filled in the commit that needs it.
SELECT 1;
