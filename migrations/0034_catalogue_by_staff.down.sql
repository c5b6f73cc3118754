DROP INDEX products_name_idx;
ALTER TABLE stock_movements DROP COLUMN note;
ALTER TABLE product_images DROP COLUMN sizes;
