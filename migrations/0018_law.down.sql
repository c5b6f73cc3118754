ALTER TABLE orders DROP COLUMN packed_at;
DROP TABLE barred_places;
DROP TABLE rule_decisions;
DROP TABLE rule_acknowledgements;
DROP TABLE rule_files;
