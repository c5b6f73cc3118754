-- What knows nothing of the trade: extensions, audit, idempotency, webhooks, and the guard of the job queue.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS citext;

CREATE TABLE audit_log (
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id uuid PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    actor_id uuid,
    action text NOT NULL CHECK (action <> ''),
    object_type text NOT NULL CHECK (object_type <> ''),
    object_id uuid,
    details jsonb NOT NULL,
    address text,
    user_agent text,
    request_id text
);
CREATE INDEX audit_log_object_idx ON audit_log (object_type, object_id);
CREATE INDEX audit_log_actor_idx ON audit_log (actor_id, recorded_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_log_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE idempotency_keys (
    owner_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    status smallint CHECK (status BETWEEN 200 AND 499),
    body bytea,
    subject uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

CREATE TABLE webhook_events (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    external_id text NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    handled_at timestamptz,
    UNIQUE (source, external_id)
);
CREATE INDEX webhook_events_unhandled_idx ON webhook_events (received_at) WHERE handled_at IS NULL;

-- How often a job was started without an end. Unlogged: a database crash may forget it, which costs a few retries.
CREATE UNLOGGED TABLE job_starts (
    job_id bigint PRIMARY KEY,
    starts int NOT NULL DEFAULT 1
);
