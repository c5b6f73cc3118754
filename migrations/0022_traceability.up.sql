-- What has to be told to the state's track-and-trace system, in the order in which it happened, until it was told.

CREATE TABLE trace_reports (
    id uuid PRIMARY KEY,
    -- What has to be told in order shares a lane: a trip's steps, or the one order or lot that it is about.
    lane uuid NOT NULL,
    sequence int NOT NULL CHECK (sequence >= 1),
    trip_id uuid REFERENCES trips (id),
    order_id uuid REFERENCES orders (id),
    -- No reference: lots are another domain's, and may be made by another release.
    lot_id uuid,
    step text NOT NULL CHECK (step IN (
        'ledger_open', 'ledger_depart', 'ledger_restock', 'ledger_sale', 'ledger_end', 'delivery_create',
        'delivery_complete', 'receipt', 'package_adjust'
    )),
    external_number text NOT NULL UNIQUE CHECK (external_number ~ '^[A-Z0-9-]{3,40}$'),
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sending', 'sent', 'rejected', 'cancelled')),
    happened_at timestamptz NOT NULL,
    warn_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    warned_at timestamptz,
    overdue_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    -- An answer may have been lost: it is looked up before it is sent again.
    unsure boolean NOT NULL DEFAULT false,
    -- A batch that it was in was refused without saying which of them is wrong.
    alone boolean NOT NULL DEFAULT false,
    claimed_at timestamptz,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    metrc_id bigint,
    sent_at timestamptz,
    history jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (lane, sequence),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK ((state = 'sending') = (claimed_at IS NOT NULL)),
    CHECK (warn_at <= due_at)
);
CREATE INDEX trace_reports_open_idx ON trace_reports (due_at, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX trace_reports_lane_idx ON trace_reports (lane, sequence)
    WHERE state IN ('waiting', 'sending', 'rejected');
CREATE INDEX trace_reports_warn_idx ON trace_reports (warn_at)
    WHERE state IN ('waiting', 'sending', 'rejected') AND overdue_at IS NULL;
CREATE INDEX trace_reports_state_idx ON trace_reports (state, created_at DESC, id DESC);
CREATE INDEX trace_reports_created_at_idx ON trace_reports (created_at DESC, id DESC);
CREATE INDEX trace_reports_trip_idx ON trace_reports (trip_id, sequence) WHERE trip_id IS NOT NULL;
CREATE INDEX trace_reports_order_idx ON trace_reports (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX trace_reports_sent_idx ON trace_reports (sent_at) WHERE state = 'sent';

-- How the line to the system is: one row, shared by all workers, from the first answer on.
CREATE TABLE trace_line (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    failures int NOT NULL DEFAULT 0,
    paused_until timestamptz,
    down_since timestamptz,
    last_error text,
    last_success_at timestamptz,
    compared_at timestamptz
);

-- What the daily comparison found to be otherwise there than here.
CREATE TABLE trace_differences (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN (
        'package_missing', 'package_unknown', 'package_quantity', 'sale_missing', 'sale_unknown', 'sale_amount'
    )),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 100),
    ours text,
    theirs text,
    seen_on date NOT NULL,
    last_seen_on date NOT NULL,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX trace_differences_open_idx ON trace_differences (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX trace_differences_seen_idx ON trace_differences (seen_on DESC, id DESC);
