DROP INDEX support_tickets_subject_idx;
DROP TABLE support_away;
