ALTER TABLE trace_line DROP COLUMN licence_warning, DROP COLUMN licence_refused, DROP COLUMN licence_checked_at;
DELETE FROM trace_reports WHERE step IN (
    'receipt_update', 'receipt_void', 'delivery_update', 'delivery_void', 'ledger_void', 'package_receive'
);
ALTER TABLE trace_reports
    DROP CONSTRAINT trace_reports_step_check,
    ADD CONSTRAINT trace_reports_step_check CHECK (step IN (
        'ledger_open', 'ledger_depart', 'ledger_restock', 'ledger_sale', 'ledger_end', 'delivery_create',
        'delivery_complete', 'receipt', 'package_adjust'
    ));
