DROP TABLE support_absences;
DROP TABLE support_uploads;
DROP TABLE support_notes;
DROP INDEX support_tickets_updated_idx;
DROP INDEX support_tickets_handled_idx;
-- The check on closed_at goes with the column.
ALTER TABLE support_tickets
    DROP CONSTRAINT support_tickets_agent_is_another,
    DROP COLUMN last_message_at,
    DROP COLUMN closed_at,
    DROP COLUMN assigned_at;
