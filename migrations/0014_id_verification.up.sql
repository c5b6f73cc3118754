-- Identity papers: how each verification is looked at, its encrypted pictures, links to them, and who holds which document.

ALTER TABLE id_verifications
    ADD COLUMN method text NOT NULL DEFAULT 'review' CHECK (method IN ('review', 'barcode', 'jumio')),
    ADD COLUMN judged_at timestamptz,
    ADD COLUMN findings jsonb,
    ADD COLUMN issuer text,
    ADD COLUMN expires_on date,
    ADD COLUMN consent jsonb,
    ADD COLUMN vendor_account_id text,
    ADD COLUMN vendor_execution_id text UNIQUE,
    ADD COLUMN redirect_url text,
    ADD COLUMN polls int NOT NULL DEFAULT 0,
    ADD COLUMN poll_after timestamptz,
    ADD CHECK ((vendor_account_id IS NULL) = (vendor_execution_id IS NULL)),
    ADD CHECK (method <> 'jumio' OR consent IS NOT NULL);
CREATE INDEX id_verifications_queue_idx ON id_verifications (created_at) WHERE status = 'processing';
CREATE INDEX id_verifications_user_idx ON id_verifications (user_id, created_at);
-- For the namesakes that the queue shows beside a verification.
CREATE INDEX users_namesakes_idx ON users (date_of_birth, lower(full_name));

-- One person, one account: a document belongs to whoever was approved with it first, and a blocked one to nobody any more.
-- The digest is keyed; the number itself is kept nowhere.
DROP INDEX id_verifications_one_person_idx;
CREATE TABLE document_holders (
    number_hash bytea PRIMARY KEY,
    user_id uuid REFERENCES users (id) ON DELETE SET NULL,
    held_at timestamptz NOT NULL DEFAULT now(),
    blocked_at timestamptz,
    block_reason text,
    CHECK ((blocked_at IS NULL) = (block_reason IS NULL))
);
CREATE INDEX document_holders_user_idx ON document_holders (user_id);

-- A picture lies encrypted in the document store under this id; without its wrapped key it is noise.
CREATE TABLE id_documents (
    id uuid PRIMARY KEY,
    verification_id uuid NOT NULL REFERENCES id_verifications (id) ON DELETE CASCADE,
    side text NOT NULL CHECK (side IN ('front', 'back')),
    wrapped_key bytea,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (verification_id, side),
    CHECK ((wrapped_key IS NULL) = (deleted_at IS NOT NULL))
);
CREATE INDEX id_documents_kept_idx ON id_documents (verification_id) WHERE deleted_at IS NULL;

CREATE TABLE id_document_links (
    id uuid PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES id_documents (id) ON DELETE CASCADE,
    staff_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX id_document_links_expires_at_idx ON id_document_links (expires_at);
