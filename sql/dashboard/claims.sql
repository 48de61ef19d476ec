SELECT authz_claims(?1, ?2)
