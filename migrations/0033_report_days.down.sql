DROP INDEX order_tracking_unpaid_idx, stop_log_returned_idx, rule_decisions_refused_idx;
DROP TRIGGER orders_mark_report_day_again ON orders;
DROP TRIGGER orders_mark_report_day ON orders;
DROP FUNCTION mark_report_day();
DROP TABLE report_marks, report_zone, report_products, report_days;
