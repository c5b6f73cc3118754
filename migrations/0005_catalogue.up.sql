-- What is sold, what people say of it, and how much of it is there.

CREATE TABLE categories (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    icon text,
    description text,
    sort_order int NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true
);

-- array_to_string is only STABLE for arrays in general; for text[] its answer never changes.
CREATE FUNCTION product_search_text(name text, strain_type text, effects text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(name || ' ' || coalesce(strain_type, '') || ' ' || coalesce(array_to_string(effects, ' '), ''));

CREATE TABLE products (
    id uuid PRIMARY KEY,
    category_id uuid NOT NULL REFERENCES categories (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description text,
    price_cents int NOT NULL CHECK (price_cents > 0),
    original_price_cents int CHECK (original_price_cents > price_cents),
    thc_content text CHECK (length(thc_content) <= 20),
    cbd_content text CHECK (length(cbd_content) <= 20),
    strain_type text CHECK (strain_type IN ('sativa', 'indica', 'hybrid')),
    effects text[] NOT NULL DEFAULT '{}',
    lab_tested boolean NOT NULL DEFAULT false,
    lab_results_url text CHECK (length(lab_results_url) <= 500),
    product_class text NOT NULL CHECK (product_class IN (
        'flower', 'preroll', 'vape', 'concentrate', 'edible', 'beverage', 'tincture', 'topical', 'plant', 'accessory'
    )),
    net_weight_mg int CHECK (net_weight_mg >= 0),
    thc_mg int CHECK (thc_mg >= 0),
    is_featured boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    rating_sum int NOT NULL DEFAULT 0 CHECK (rating_sum >= 0),
    review_count int NOT NULL DEFAULT 0 CHECK (review_count >= 0),
    search_text text NOT NULL GENERATED ALWAYS AS (product_search_text(name, strain_type, effects)) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (rating_sum BETWEEN review_count AND review_count * 5)
);
CREATE INDEX products_category_idx ON products (category_id) WHERE is_active;
CREATE INDEX products_featured_idx ON products (created_at DESC, id DESC) WHERE is_active AND is_featured;
CREATE INDEX products_newest_idx ON products (created_at DESC, id DESC) WHERE is_active;
CREATE INDEX products_price_idx ON products (price_cents, id) WHERE is_active;
CREATE INDEX products_effects_idx ON products USING gin (effects);
CREATE INDEX products_search_idx ON products USING gin (search_text gin_trgm_ops);

-- The products in which every word is found, each word allowed a slip of the finger, by name, strain, effect or
-- category; `score` is how well, 0 to 1. The threshold is the function's own, so no session has to set it.
CREATE FUNCTION search_products(words text[]) RETURNS TABLE (product_id uuid, score real)
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

CREATE TABLE product_images (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    image_url text NOT NULL CHECK (length(image_url) BETWEEN 1 AND 500),
    alt_text text CHECK (length(alt_text) <= 255),
    sort_order int NOT NULL DEFAULT 0,
    is_primary boolean NOT NULL DEFAULT false
);
CREATE INDEX product_images_product_idx ON product_images (product_id, sort_order);
CREATE UNIQUE INDEX product_images_one_primary_idx ON product_images (product_id) WHERE is_primary;

CREATE TABLE product_reviews (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    rating int NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title text CHECK (length(title) <= 100),
    body text CHECK (length(body) <= 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (product_id, user_id)
);

-- Stock stands apart from the product: it changes with each order, the product hardly ever.
CREATE TABLE stock_levels (
    product_id uuid PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,
    quantity int NOT NULL CHECK (quantity >= 0),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
