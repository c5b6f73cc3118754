DROP TABLE analytics_events;
DROP TABLE id_verifications;
DROP TABLE mailed_tokens;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE users;
