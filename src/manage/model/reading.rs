//! The model in force, as the tables have it.

use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};

use crate::base::identifier::Id;
use crate::model::definition::{Definition, Restriction, RestrictionKind};
use crate::model::in_force::{
    InForce, OrganizationRole, OrganizationRolePermission, PermissionInForce, RelationInForce, RoleInForce, TypeInForce,
};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

fn each(engine: &Engine, sql: &'static str, mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>) -> Result<()> {
    engine.with(sql, |statement| {
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
        Ok(())
    })
}

/// The organization of a permission of an organization role, as it is stored, and whether the row is marked as declared.
pub(super) type Stored = (Value, bool);

pub(super) fn read(engine: &Engine) -> Result<(InForce, Vec<Stored>)> {
    let mut model = InForce::default();
    each(engine, include_str!("../../../sql/manage/model/resource_types.sql"), |row| {
        model.resource_types.insert(row.get(0)?, TypeInForce { description: row.get(1)?, declared: row.get(2)?, search: row.get(3)? });
        Ok(())
    })?;
    each(engine, include_str!("../../../sql/manage/model/parents.sql"), |row| {
        model.parents.insert((row.get(0)?, row.get(1)?), row.get(2)?);
        Ok(())
    })?;
    each(engine, include_str!("../../../sql/manage/model/permissions.sql"), |row| {
        let permission = PermissionInForce {
            resource_type: row.get(1)?,
            name: row.get(2)?,
            description: row.get(3)?,
            system: row.get(4)?,
            declared: row.get(5)?,
            relation: row.get(6)?,
        };
        model.permissions.insert(row.get(0)?, permission);
        Ok(())
    })?;
    each(engine, include_str!("../../../sql/manage/model/roles.sql"), |row| {
        let role = RoleInForce {
            resource_type: row.get(1)?,
            name: row.get(2)?,
            description: row.get(3)?,
            is_default: row.get(4)?,
            priority: row.get(5)?,
            declared: row.get(6)?,
        };
        model.roles.insert(row.get(0)?, role);
        Ok(())
    })?;
    each(engine, include_str!("../../../sql/manage/model/role_permissions.sql"), |row| {
        model.role_permissions.entry(row.get(0)?).or_default().insert(row.get(1)?, row.get(2)?);
        Ok(())
    })?;
    each(engine, include_str!("../../../sql/manage/model/organization_roles.sql"), |row| {
        model.organization_roles.push(OrganizationRole { slug: row.get(0)?, resource_type: row.get(1)? });
        Ok(())
    })?;
    read_relations(engine, &mut model)?;
    let mut stored = Vec::new();
    each(engine, include_str!("../../../sql/manage/model/organization_role_permissions.sql"), |row| {
        model.organization_role_permissions.push(OrganizationRolePermission {
            role: row.get(0)?,
            organization: shown_id(row.get_ref(1)?),
            role_type: row.get(2)?,
            permission: row.get(3)?,
        });
        stored.push((row.get(1)?, row.get(4)?));
        Ok(())
    })?;
    Ok((model, stored))
}

fn read_relations(engine: &Engine, model: &mut InForce) -> Result<()> {
    let mut unreadable = None;
    each(engine, include_str!("../../../sql/manage/model/relations.sql"), |row| {
        let key: (String, String) = (row.get(0)?, row.get(1)?);
        match Definition::parse(&row.get::<_, String>(2)?) {
            Ok(rule) => drop(model.relations.insert(key, RelationInForce { rule, declared: row.get(3)? })),
            Err(error) => unreadable = Some((key, error)),
        }
        Ok(())
    })?;
    if let Some(((resource_type, relation), error)) = unreadable {
        return Err(Error::refused(format!(
            "the definition of `{resource_type}#{relation}` in authz_relations cannot be read ({error}); correct or delete that row"
        )));
    }
    each(engine, include_str!("../../../sql/manage/model/relation_subjects.sql"), |row| {
        let subject_type: String = row.get(2)?;
        let kind = match row.get_ref(3)?.as_str()? {
            "" => RestrictionKind::One,
            "*" => RestrictionKind::Every,
            relation => RestrictionKind::Userset(relation.into()),
        };
        let restriction = Restriction { subject_type: subject_type.into(), kind };
        model.relation_subjects.entry((row.get(0)?, row.get(1)?)).or_default().insert(restriction);
        Ok(())
    })
}

fn shown_id(value: ValueRef<'_>) -> String {
    Id::stored(value).to_string()
}
