-- Dispatch plans ways: drivers say when their shift ends, stops have their time, decisions their plan.

ALTER TABLE driver_shifts ADD COLUMN planned_end_at timestamptz;
ALTER TABLE stops ADD COLUMN expected_at timestamptz;
ALTER TABLE dispatch_decisions
    ADD COLUMN plan_id uuid,
    ADD COLUMN stop int,
    ADD COLUMN expected_at timestamptz;
