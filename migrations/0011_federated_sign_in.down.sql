DROP TABLE federated_sign_ins;
DROP TABLE identities;
