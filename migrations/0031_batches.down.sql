ALTER TABLE dispatch_decisions DROP COLUMN plan_id, DROP COLUMN stop, DROP COLUMN expected_at;
ALTER TABLE stops DROP COLUMN expected_at;
ALTER TABLE driver_shifts DROP COLUMN planned_end_at;
