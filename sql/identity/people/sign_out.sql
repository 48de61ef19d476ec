INSERT INTO main._authz_signed_out (user, organization) VALUES (?1, NULL)
