DROP TABLE id_document_links;
DROP TABLE id_documents;
DROP TABLE document_holders;
DROP INDEX users_namesakes_idx;
DROP INDEX id_verifications_user_idx;
DROP INDEX id_verifications_queue_idx;
ALTER TABLE id_verifications
    DROP COLUMN method,
    DROP COLUMN judged_at,
    DROP COLUMN findings,
    DROP COLUMN issuer,
    DROP COLUMN expires_on,
    DROP COLUMN consent,
    DROP COLUMN vendor_account_id,
    DROP COLUMN vendor_execution_id,
    DROP COLUMN redirect_url,
    DROP COLUMN polls,
    DROP COLUMN poll_after;
CREATE UNIQUE INDEX id_verifications_one_person_idx ON id_verifications (document_number_hash)
    WHERE status = 'approved' AND document_number_hash IS NOT NULL;
