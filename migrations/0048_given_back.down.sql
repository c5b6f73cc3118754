ALTER TABLE support_tickets DROP COLUMN given_back_by;
