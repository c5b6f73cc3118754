ALTER TABLE shop DROP COLUMN phone, DROP COLUMN address, DROP COLUMN legal_name;
INSERT INTO driver_profiles (driver_id, employee_no)
SELECT id, employee_no FROM users WHERE role = 'driver' AND employee_no IS NOT NULL
ON CONFLICT (driver_id) DO UPDATE SET employee_no = EXCLUDED.employee_no;
ALTER TABLE users DROP COLUMN employee_no;
