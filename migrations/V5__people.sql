-- Who is who: which e-mail domains an organization has proved to be its own.
--
-- What comes from an identity provider names people by e-mail address. The address alone proves nothing: it counts where the
-- organization owns the domain, or where the person is nobody outside the organization.

INSERT INTO _authz_schema (version, name) VALUES (5, 'people');

CREATE TABLE authz_organization_domains (
  organization ANY NOT NULL,
  -- in lower case: acme.com
  domain TEXT NOT NULL,
  -- the application sets verified when the organization has shown that the domain is its own
  state TEXT NOT NULL DEFAULT 'pending',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (organization, domain),
  CONSTRAINT "state is pending, verified or failed" CHECK (state IN ('pending', 'verified', 'failed')),
  CONSTRAINT "a domain has 1 to 253 characters a-z 0-9 - . in lower case, and a dot"
    CHECK (length(domain) BETWEEN 1 AND 253 AND domain NOT GLOB '*[^a-z0-9.-]*' AND domain GLOB '?*.?*')
) STRICT, WITHOUT ROWID;
-- A domain has one owner.
CREATE INDEX _authz_organization_domains_verified ON authz_organization_domains (domain) WHERE state = 'verified';

CREATE TRIGGER _authz_organization_domains_insert BEFORE INSERT ON authz_organization_domains
BEGIN
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the domain is not registered; write its id as it stands in authz_organizations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization));
  SELECT RAISE(ABORT, 'organization_domain_conflict: the domain is verified for another organization; take it away from that one first')
  WHERE NEW.state = 'verified'
    AND EXISTS (SELECT 1 FROM authz_organization_domains WHERE domain = NEW.domain AND state = 'verified' AND organization <> NEW.organization);
END;

CREATE TRIGGER _authz_organization_domains_update BEFORE UPDATE ON authz_organization_domains
BEGIN
  SELECT RAISE(ABORT, 'organization_domain_immutable: organization, domain and created_at cannot change; insert another row and delete this one')
  WHERE NEW.organization IS NOT OLD.organization OR typeof(NEW.organization) <> typeof(OLD.organization)
    OR NEW.domain IS NOT OLD.domain OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'organization_domain_conflict: the domain is verified for another organization; take it away from that one first')
  WHERE NEW.state = 'verified'
    AND EXISTS (SELECT 1 FROM authz_organization_domains WHERE domain = NEW.domain AND state = 'verified' AND organization <> NEW.organization);
END;

CREATE TRIGGER _authz_organization_domains_updated AFTER UPDATE OF state ON authz_organization_domains
WHEN NEW.state IS NOT OLD.state
BEGIN
  UPDATE authz_organization_domains SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE organization = NEW.organization AND domain = NEW.domain;
END;

CREATE TRIGGER _authz_organizations_delete_domains AFTER DELETE ON authz_organizations
BEGIN
  DELETE FROM authz_organization_domains WHERE organization = OLD.id;
END;

-- Addresses are compared without regard to the case of ASCII letters, as mail providers do.
CREATE INDEX _authz_users_by_folded_email ON authz_users (lower(email));
