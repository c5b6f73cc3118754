-- no transaction
-- Staff's tickets: those that are not over first, the last moved first.
CREATE INDEX CONCURRENTLY support_tickets_moved_idx ON support_tickets ((chat_status = 'ended'), updated_at DESC, id DESC);
