-- What legal papers tell of the shop and of its staff.

-- Whoever packs, drives or sells: receipts name them by it. driver_profiles.employee_no stays until the release before
-- this one is gone.
ALTER TABLE users ADD COLUMN employee_no text CHECK (length(employee_no) BETWEEN 1 AND 30);
UPDATE users u SET employee_no = p.employee_no FROM driver_profiles p
WHERE p.driver_id = u.id AND p.employee_no IS NOT NULL;

ALTER TABLE shop
    ADD COLUMN legal_name text CHECK (length(legal_name) BETWEEN 1 AND 100),
    ADD COLUMN address text CHECK (length(address) BETWEEN 5 AND 255),
    ADD COLUMN phone text CHECK (length(phone) BETWEEN 1 AND 20);
