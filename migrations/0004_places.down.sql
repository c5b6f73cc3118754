DROP TABLE delivery_addresses;
DROP TABLE service_areas;
DROP TABLE shop;
