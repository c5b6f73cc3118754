-- When an order's estimate was reckoned: of two that were under way at once, the one that read last counts.

ALTER TABLE orders ADD COLUMN eta_reckoned_at timestamptz;
