-- No query reads these: what waits is found by next_try_at, and the staff's list of tickets has another order.
DROP INDEX messages_unsent_idx;
DROP INDEX support_tickets_updated_idx;
