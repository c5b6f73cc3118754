-- Who of the staff counted a drawer in its driver's place; nobody where the driver did.

ALTER TABLE cash_drawers ADD COLUMN counted_by uuid REFERENCES users (id),
    ADD CONSTRAINT cash_drawers_counted_by_another CHECK (counted_by <> driver_id) NOT VALID;
ALTER TABLE cash_drawers VALIDATE CONSTRAINT cash_drawers_counted_by_another;
