UPDATE stock_movements SET reason = 'adjusted' WHERE reason IN ('taken_off_sale', 'put_on_sale');
ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_reason_check,
    ADD CONSTRAINT stock_movements_reason_check CHECK (reason IN (
        'opening', 'received', 'adjusted', 'ordered', 'released', 'restocked'
    ));
DROP TABLE lot_movements;
DROP TABLE order_packages;
DROP TABLE lots;
ALTER TABLE stock_levels DROP CONSTRAINT stock_levels_owes_when_empty, DROP COLUMN owed;
