ALTER TABLE orders DROP COLUMN eta_reckoned_at;
