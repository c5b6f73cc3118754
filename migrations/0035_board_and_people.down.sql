DROP INDEX orders_open_idx;
DROP INDEX orders_number_search_idx;
DROP INDEX users_search_idx;
DROP FUNCTION person_search_text(text, text, text);
