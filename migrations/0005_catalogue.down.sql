DROP TABLE stock_levels;
DROP TABLE product_reviews;
DROP TABLE product_images;
DROP FUNCTION search_products;
DROP TABLE products;
DROP FUNCTION product_search_text(text, text, text[]);
DROP TABLE categories;
