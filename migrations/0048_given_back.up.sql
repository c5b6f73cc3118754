-- Whose a waiting ticket was that was put back for somebody else: it does not come to them again by itself.

ALTER TABLE support_tickets ADD COLUMN given_back_by uuid REFERENCES users (id);
