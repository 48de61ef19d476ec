//! Names and what they stand for: types, relations, permissions, roles.

use std::rc::Rc;

use super::assignments::role_of;
use super::bindings::Bound;
use super::cache::{Permission, Role};
use super::reader::Reader;
use crate::base::refusal::{nearest, shown};
use crate::decide::goal::{Relation, RoleKey, TypeKey};
use crate::decide::rule::{RoleSet, Rule};
use crate::model::compiled::{Rules, Types};
use crate::sqlite::error::{Error, Result};

impl Reader<'_> {
    /// The model.
    pub(crate) fn rules(&mut self) -> Result<Rc<Rules>> {
        if let Some(rules) = &self.cache.rules {
            return Ok(Rc::clone(rules));
        }
        let mut types = Types::default();
        self.engine.with(include_str!("../../sql/facts/names/types.sql"), |statement| {
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                types.declare(&row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?.as_deref());
            }
            Ok(())
        })?;
        let definitions = self.engine.with(include_str!("../../sql/facts/names/relations.sql"), |statement| {
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<(String, String, String)>>>()?)
        })?;
        let rules = Rc::new(Rules::new(types, &definitions));
        self.cache.bound = Rc::new(Bound::read(self.engine, &rules.types)?);
        self.cache.rules = Some(Rc::clone(&rules));
        Ok(rules)
    }

    /// The type named `slug`: a resource type, or a type of subjects that has relations.
    ///
    /// # Errors
    /// There is none; the sentence suggests the nearest.
    pub(crate) fn resource_type(&mut self, slug: &str) -> Result<TypeKey> {
        let rules = self.rules()?;
        let found = rules.types.key(slug).filter(|key| rules.types.is_declared(*key) || rules.names(*key).next().is_some());
        found.ok_or_else(|| Error::refused(format!("unknown resource type `{}`{}", shown(slug), nearest(slug, rules.types.declared()))))
    }

    /// The permission or relation of that name on a type.
    ///
    /// # Errors
    /// There is none, or the permission belongs to another type.
    pub(crate) fn relation(&mut self, name: &str, resource_type: TypeKey) -> Result<Relation> {
        let rules = self.rules()?;
        let found = rules.relation(resource_type, name);
        let by_model = found.filter(|relation| rules.get(*relation).is_some_and(|one| one.is_listed()));
        if let Some(relation) = by_model {
            return Ok(relation);
        }
        if !self.cache.permission_by_slug.contains_key(name) {
            self.read_permission(name)?;
        }
        let Some(permission) = self.cache.permission_by_slug.get(name).copied() else {
            return match found {
                Some(relation) => Ok(relation),
                None => Err(self.unknown_relation(name, resource_type)?),
            };
        };
        match self.permission(permission).map(|found| found.resource_type) {
            Some(own) if own != resource_type => Err(Error::refused(format!(
                "the permission `{name}` belongs to the resource type `{}`, not to `{}`",
                rules.types.slug(own),
                rules.types.slug(resource_type)
            ))),
            _ => Ok(permission),
        }
    }

    /// The permission of a number past the relations of the model.
    pub(crate) fn permission(&self, relation: Relation) -> Option<&Permission> {
        let relations = self.cache.rules.as_ref().map_or(0, |rules| rules.len());
        (relation.0 as usize).checked_sub(relations).and_then(|index| self.cache.permissions.get(index))
    }

    /// What a relation or permission is called.
    pub(crate) fn name_of(&mut self, relation: Relation) -> Result<String> {
        let rules = self.rules()?;
        Ok(match (rules.get(relation), self.permission(relation)) {
            (Some(one), _) => one.name.to_string(),
            (None, Some(permission)) => permission.slug.to_string(),
            (None, None) => String::new(),
        })
    }

    fn read_permission(&mut self, slug: &str) -> Result<()> {
        let found = self.engine.with(include_str!("../../sql/facts/names/permission.sql"), |statement| {
            let mut rows = statement.query([slug])?;
            Ok(match rows.next()? {
                Some(row) => Some((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)),
                None => None,
            })
        })?;
        let Some((type_slug, relation)) = found else { return Ok(()) };
        let rules = self.rules()?;
        let Some(resource_type) = rules.types.key(&type_slug) else { return Ok(()) };
        let mut granted_by = RoleSet::default();
        let roles = self.engine.with(include_str!("../../sql/facts/names/grantors.sql"), |statement| {
            let mut roles = Vec::new();
            let mut rows = statement.query([slug])?;
            while let Some(row) = rows.next()? {
                roles.push(role_of(row, 0, 1)?);
            }
            Ok(roles)
        })?;
        for role in roles {
            granted_by.insert(self.role_key(role));
        }
        let by_roles = Rule::Roles(granted_by.into());
        let rule = match relation.and_then(|name| rules.relation(resource_type, &name)) {
            Some(relation) => Rule::Any(Rc::new([by_roles, Rule::Computed(relation)])),
            None => by_roles,
        };
        let number = Relation(u32::try_from(rules.len() + self.cache.permissions.len()).unwrap_or(u32::MAX));
        self.cache.entries += 1;
        self.cache.permissions.push(Permission { slug: slug.into(), resource_type, rule: rule.into() });
        self.cache.permission_by_slug.insert(slug.into(), number);
        Ok(())
    }

    fn unknown_relation(&mut self, name: &str, resource_type: TypeKey) -> Result<Error> {
        let permissions = self.engine.strings(include_str!("../../sql/facts/names/permission_slugs.sql"), &[])?;
        let rules = self.rules()?;
        let relations: Vec<&str> = rules.names(resource_type).map(|(name, _)| name).collect();
        let what = if relations.is_empty() { "permission" } else { "permission or relation" };
        let of_type: Vec<String> = self
            .engine
            .strings(include_str!("../../sql/facts/names/permissions_of_type.sql"), rusqlite::params![rules.types.slug(resource_type)])?;
        let own = || relations.iter().copied().chain(of_type.iter().map(String::as_str));
        // `view` is more likely `document:view` of this type than something of another that looks like it.
        let near = match own().find(|slug| slug.rsplit(':').next() == Some(name)) {
            Some(slug) => format!("; did you mean `{slug}`?"),
            None => nearest(name, own()),
        };
        let near = if near.is_empty() { nearest(name, permissions.iter().map(String::as_str)) } else { near };
        Ok(Error::refused(format!("unknown {what} `{}`{near}", shown(name))))
    }

    pub(crate) fn role_key(&mut self, role: Role) -> RoleKey {
        if let Some(key) = self.cache.role_by_name.get(&role) {
            return *key;
        }
        let key = RoleKey(u32::try_from(self.cache.roles.len()).unwrap_or(u32::MAX));
        self.cache.entries += 1;
        self.cache.roles.push(role.clone());
        self.cache.role_by_name.insert(role, key);
        key
    }

    /// The role that a key stands for.
    pub(crate) fn role(&self, key: RoleKey) -> Option<&Role> {
        self.cache.roles.get(key.0 as usize)
    }

    /// All roles in a set.
    pub(crate) fn roles_in(&self, set: &RoleSet) -> Vec<&Role> {
        (0u32..).zip(&self.cache.roles).filter(|(key, _)| set.contains(RoleKey(*key))).map(|(_, role)| role).collect()
    }

    /// The resource type that a role belongs to.
    pub(crate) fn type_of_role(&mut self, role: &Role) -> Result<Option<String>> {
        self.engine.with(include_str!("../../sql/facts/names/role_type.sql"), |statement| {
            let mut rows = statement.query(rusqlite::params![role.slug, role.organization])?;
            Ok(match rows.next()? {
                Some(row) => Some(row.get(0)?),
                None => None,
            })
        })
    }

    /// The permissions of `resource_type` that a role holds.
    pub(crate) fn permissions_of(&mut self, role: RoleKey, resource_type: TypeKey) -> Result<Vec<String>> {
        let Some(role) = self.role(role).cloned() else { return Ok(Vec::new()) };
        let rules = self.rules()?;
        self.engine.strings(
            include_str!("../../sql/facts/names/role_permissions.sql"),
            rusqlite::params![role.slug, role.organization, rules.types.slug(resource_type)],
        )
    }

    /// The permissions of one type that relations grant, each with the name of the relation.
    pub(crate) fn permissions_by_relation(&mut self, resource_type: TypeKey) -> Result<Vec<(String, String)>> {
        let rules = self.rules()?;
        self.engine.with(include_str!("../../sql/facts/names/permissions_by_relation.sql"), |statement| {
            let rows = statement.query_map([rules.types.slug(resource_type)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }
}
