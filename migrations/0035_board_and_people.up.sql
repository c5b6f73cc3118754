-- Finding orders and people by what staff has heard of them.

-- Whoever calls says a name, an address or a number; numbers are found with and without their punctuation.
CREATE FUNCTION person_search_text(full_name text, email text, phone text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(full_name || ' ' || email || ' ' || coalesce(phone, '') || ' '
        || coalesce(regexp_replace(phone, '\D', '', 'g'), ''));
CREATE INDEX users_search_idx ON users USING gin (person_search_text(full_name, email::text, phone) gin_trgm_ops);
CREATE INDEX orders_number_search_idx ON orders USING gin (lower(order_number) gin_trgm_ops);
CREATE INDEX orders_open_idx ON orders (status)
    WHERE status IN ('pending', 'payment_failed', 'confirmed', 'preparing', 'out_for_delivery');
