DROP INDEX webhook_events_received_idx;
DROP INDEX pgqueuer_failed_idx;
