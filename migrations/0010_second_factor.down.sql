DROP TABLE second_factor_challenges;
DROP TABLE recovery_codes;
DROP TABLE second_factor_enrolments;
DROP TABLE second_factors;
UPDATE sessions SET end_reason = 'by_staff' WHERE end_reason = 'second_factor_changed';
ALTER TABLE sessions
    DROP CONSTRAINT sessions_end_reason_check,
    ADD CONSTRAINT sessions_end_reason_check CHECK (end_reason IN (
        'signed_out', 'password_reset', 'token_reuse', 'account_closed', 'by_staff')),
    DROP COLUMN second_factor_at,
    DROP COLUMN first_factor;
