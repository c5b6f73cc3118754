-- A search finds words first, in a list that hardly grows, and the products that have them after: what it costs follows
-- what it finds, not the catalogue.

-- Letters and digits apart, as a search is read; and neighbours in the name as one word, for who leaves the blank out.
CREATE FUNCTION words_of_product(name text, search_text text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT found[1] FROM regexp_matches(search_text, '[0-9]+|[^[:space:][:punct:]0-9]+', 'g') AS found
    UNION
    SELECT pair.word FROM (
        SELECT found[1] || lead(found[1]) OVER (ORDER BY place) AS word
        FROM regexp_matches(lower(name), '[^[:space:][:punct:]0-9]+', 'g') WITH ORDINALITY AS t (found, place)
    ) AS pair WHERE pair.word IS NOT NULL
$$;

-- Nobody adds a product between the filling and the triggers.
LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE;

-- Filled first and given their keys afterwards, which takes a fraction of the time. The first has every word that a
-- product has or had: one that nobody has any more finds nothing.
CREATE TABLE search_words (word text NOT NULL);
INSERT INTO search_words (word)
SELECT DISTINCT w.word FROM products p, words_of_product(p.name, p.search_text) AS w (word);
ALTER TABLE search_words ADD PRIMARY KEY (word);
CREATE INDEX search_words_similar_idx ON search_words USING gin (word gin_trgm_ops);
CREATE TABLE product_words (word text NOT NULL, product_id uuid NOT NULL);
INSERT INTO product_words (word, product_id)
SELECT w.word, p.id FROM products p, words_of_product(p.name, p.search_text) AS w (word);
ALTER TABLE product_words
    ADD PRIMARY KEY (word, product_id),
    ADD CONSTRAINT product_words_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE;
CREATE INDEX product_words_product_idx ON product_words (product_id);

CREATE FUNCTION note_product_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM were o JOIN are n USING (id) WHERE o.search_text <> n.search_text) THEN
            RETURN NULL;
        END IF;
        DELETE FROM product_words w USING were o JOIN are n USING (id)
        WHERE w.product_id = o.id AND o.search_text <> n.search_text;
    END IF;
    -- In one order, so that of two who bring the same words one waits for the other and not both.
    INSERT INTO search_words (word)
    SELECT DISTINCT w.word FROM are n, words_of_product(n.name, n.search_text) AS w (word) ORDER BY w.word
    ON CONFLICT DO NOTHING;
    INSERT INTO product_words (word, product_id)
    SELECT w.word, n.id FROM are n, words_of_product(n.name, n.search_text) AS w (word)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER products_note_words AFTER INSERT ON products
    REFERENCING NEW TABLE AS are FOR EACH STATEMENT EXECUTE FUNCTION note_product_words();
CREATE TRIGGER products_note_words_again AFTER UPDATE ON products
    REFERENCING OLD TABLE AS were NEW TABLE AS are FOR EACH STATEMENT EXECUTE FUNCTION note_product_words();

-- A word at a time, by the index: PostgreSQL takes the words that are like another for many, and would read all.
CREATE OR REPLACE FUNCTION search_products(words text[]) RETURNS TABLE (product_id uuid, score real)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
    SET pg_trgm.word_similarity_threshold = 0.4
AS $$
    WITH meant AS MATERIALIZED (
        SELECT w.asked, s.word, word_similarity(w.asked, s.word) AS score
        FROM unnest(words) AS w (asked) JOIN search_words s ON w.asked <% s.word
    )
    SELECT best.id, avg(best.score)::real
    FROM (
        SELECT hit.id, hit.asked, max(hit.score) AS score
        FROM (
            SELECT p.product_id AS id, m.asked, m.score
            FROM meant m CROSS JOIN LATERAL (
                SELECT h.product_id FROM product_words h WHERE h.word = m.word OFFSET 0
            ) AS p
            UNION ALL
            SELECT p.id, w.asked, word_similarity(w.asked, lower(c.name))
            FROM unnest(words) AS w (asked)
            JOIN categories c ON w.asked <% lower(c.name)
            JOIN products p ON p.category_id = c.id
        ) AS hit
        GROUP BY hit.id, hit.asked
    ) AS best
    GROUP BY best.id
    HAVING count(*) = cardinality(words)
$$;
