-- Lists of failed jobs and of webhooks, the newest first.

CREATE INDEX pgqueuer_failed_idx ON pgqueuer (id) WHERE status = 'failed';
CREATE INDEX webhook_events_received_idx ON webhook_events (received_at DESC, id DESC);
