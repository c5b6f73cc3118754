DROP TABLE dispatch_decisions;
DROP TABLE assignment_refusals;
ALTER TABLE vehicles DROP COLUMN max_orders;
ALTER TABLE shop DROP COLUMN automatic_dispatch;
UPDATE stops SET assigned_by = driver_id WHERE assigned_by IS NULL;
ALTER TABLE stops DROP COLUMN accepted_at, ALTER COLUMN assigned_by SET NOT NULL;
