-- The audit log proves itself: each row has a mac (keyed by the application) and a place in one of eight hash chains.
-- See docs/adr/0013. Rows from before stay as they are, without a place.

ALTER TABLE audit_log
    ADD COLUMN reason text,
    ADD COLUMN chain smallint CHECK (chain >= 1),
    ADD COLUMN position bigint CHECK (position >= 1),
    ADD COLUMN link bytea CHECK (length(link) = 32),
    ADD COLUMN mac bytea CHECK (length(mac) = 32),
    ADD CONSTRAINT audit_log_place_is_whole CHECK (num_nulls(chain, position, link, mac) IN (0, 4));
CREATE UNIQUE INDEX audit_log_place_idx ON audit_log (chain, position) WHERE chain IS NOT NULL;
CREATE INDEX audit_log_without_place_idx ON audit_log (seq) WHERE chain IS NULL;
CREATE INDEX audit_log_action_idx ON audit_log (action, seq);
CREATE INDEX audit_log_recorded_at_idx ON audit_log USING brin (recorded_at);

-- Where each chain ends. Its row is the lock of those who append; much free space keeps updates within the page.
CREATE TABLE audit_heads (
    chain smallint PRIMARY KEY,
    position bigint NOT NULL,
    link bytea NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE audit_seals (
    chain smallint NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    position bigint NOT NULL CHECK (position >= 0),
    link bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    mac bytea NOT NULL,
    PRIMARY KEY (chain, number)
);
CREATE TRIGGER audit_seals_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The last statement of its transaction, so whoever waits here for a head is waited for by nobody.
CREATE FUNCTION append_audit(
    recorded timestamptz, from_address text, from_agent text, from_request text,
    ids uuid[], actors uuid[], actions text[], types text[], objects uuid[],
    particulars text[], reasons text[], macs bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own CONSTANT smallint := pg_backend_pid() % 8 + 1;
    place bigint;
    last bytea;
    number bigint;
BEGIN
    SELECT h.position, h.link INTO place, last FROM audit_heads h WHERE h.chain = own FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        -- A chain's beginning; or its head was taken away, and the rows tell where it was.
        INSERT INTO audit_heads (chain, position, link)
        SELECT own, coalesce(l.position, 0), coalesce(l.link, decode(repeat('00', 32), 'hex'))
        FROM (VALUES (0)) one
        LEFT JOIN LATERAL (
            SELECT a.position, a.link FROM audit_log a WHERE a.chain = own ORDER BY a.position DESC LIMIT 1
        ) l ON true
        ON CONFLICT (chain) DO NOTHING;
        SELECT h.position, h.link INTO STRICT place, last FROM audit_heads h WHERE h.chain = own FOR NO KEY UPDATE;
    END IF;
    FOR i IN 1 .. cardinality(ids) LOOP
        place := place + 1;
        number := nextval('audit_log_seq_seq');
        last := sha256(last || int2send(own) || int8send(place) || int8send(number) || macs[i]);
        INSERT INTO audit_log (
            seq, id, recorded_at, actor_id, action, object_type, object_id, details, reason,
            address, user_agent, request_id, chain, position, link, mac
        ) OVERRIDING SYSTEM VALUE VALUES (
            number, ids[i], recorded, actors[i], actions[i], types[i], objects[i], particulars[i]::jsonb, reasons[i],
            from_address, from_agent, from_request, own, place, last, macs[i]
        );
    END LOOP;
    UPDATE audit_heads SET position = place, link = last WHERE chain = own;
END
$$;
