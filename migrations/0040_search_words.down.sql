CREATE OR REPLACE FUNCTION search_products(words text[]) RETURNS TABLE (product_id uuid, score real)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
    SET pg_trgm.word_similarity_threshold = 0.4
AS $$
    SELECT best.id, avg(best.score)::real
    FROM (
        SELECT hit.id, hit.word, max(hit.score) AS score
        FROM (
            SELECT p.id, w.word, word_similarity(w.word, p.search_text) AS score
            FROM unnest(words) AS w (word) JOIN products p ON w.word <% p.search_text
            UNION ALL
            SELECT p.id, w.word, word_similarity(w.word, lower(c.name))
            FROM unnest(words) AS w (word)
            JOIN categories c ON w.word <% lower(c.name)
            JOIN products p ON p.category_id = c.id
        ) AS hit
        GROUP BY hit.id, hit.word
    ) AS best
    GROUP BY best.id
    HAVING count(*) = cardinality(words)
$$;
DROP TRIGGER products_note_words_again ON products;
DROP TRIGGER products_note_words ON products;
DROP FUNCTION note_product_words;
DROP FUNCTION words_of_product(text, text);
DROP TABLE product_words;
DROP TABLE search_words;
