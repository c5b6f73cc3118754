-- Pictures in several sizes, and why stock without lots was changed by hand.

-- [{"width": 320, "height": 240, "url": "…"}], the smallest first; empty for pictures that were given by an address.
ALTER TABLE product_images
    ADD COLUMN sizes jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT product_images_sizes_check CHECK (jsonb_typeof(sizes) = 'array') NOT VALID;
ALTER TABLE product_images VALIDATE CONSTRAINT product_images_sizes_check;

ALTER TABLE stock_movements
    ADD COLUMN note text,
    ADD CONSTRAINT stock_movements_note_check CHECK (length(note) <= 500) NOT VALID;
ALTER TABLE stock_movements VALIDATE CONSTRAINT stock_movements_note_check;

-- A file of products finds those without an id by their names.
CREATE INDEX products_name_idx ON products (category_id, lower(name));
