-- Sales that change after they were told, trips that never left, packages that arrived, and whether the licence is good.

ALTER TABLE trace_reports
    DROP CONSTRAINT trace_reports_step_check,
    ADD CONSTRAINT trace_reports_step_check CHECK (step IN (
        'ledger_open', 'ledger_depart', 'ledger_restock', 'ledger_sale', 'ledger_end', 'delivery_create',
        'delivery_complete', 'receipt', 'package_adjust', 'receipt_update', 'receipt_void', 'delivery_update',
        'delivery_void', 'ledger_void', 'package_receive'
    )) NOT VALID;
ALTER TABLE trace_reports VALIDATE CONSTRAINT trace_reports_step_check;

-- Why nothing may be sent in the name of our licence, or what of it is doubtful; as the system said when it was asked.
ALTER TABLE trace_line
    ADD COLUMN licence_checked_at timestamptz,
    ADD COLUMN licence_refused text,
    ADD COLUMN licence_warning text;
