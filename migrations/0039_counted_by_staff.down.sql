ALTER TABLE cash_drawers DROP CONSTRAINT cash_drawers_counted_by_another, DROP COLUMN counted_by;
