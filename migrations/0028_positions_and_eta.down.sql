ALTER TABLE orders DROP COLUMN eta_told_at, DROP COLUMN eta_source;
ALTER TABLE driver_locations DROP COLUMN suspect;
