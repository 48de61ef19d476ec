SELECT authz_render_jwt(?1, ?2, ?3)
