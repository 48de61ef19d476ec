//! `authz_sso_report`: how the sign-ins through each connection went.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::base::time;
use crate::identity::state::Identity;
use crate::sqlite::error::Result;
use crate::sqlite::table::{Answer, Call, Made, TableFunction};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    crate::sqlite::table::define(connection, identity, &REPORT, report)
}

/// `authz_sso_report([since])`: one row for each connection through which a sign-in has started since then, or ever: how many `started`,
/// `succeeded`, `failed`, `timed_out`, the median of the seconds that those took that succeeded, and the `commonest_error`, that of a timeout
/// among them. Goes by `authz_now()`. Test sessions do not count.
static REPORT: TableFunction = TableFunction {
    name: "authz_sso_report",
    columns: &["connection", "organization", "started", "succeeded", "failed", "timed_out", "median_seconds", "commonest_error"],
    arguments: &["since"],
    required: 0,
    bounded: None,
    expected_rows: 20,
};

/// What became of the sign-ins through one connection.
#[derive(Default)]
struct Tally {
    organization: Option<Value>,
    started: i64,
    failed: i64,
    timed_out: i64,
    /// In seconds, of those that succeeded
    times: Vec<f64>,
    errors: HashMap<String, i64>,
}

impl Tally {
    /// The median, with milliseconds.
    fn median(&mut self) -> Value {
        self.times.sort_by(f64::total_cmp);
        let middle = self.times.len() / 2;
        let at = |index: usize| self.times.get(index).copied();
        let median = match (self.times.len() % 2, middle.checked_sub(1).and_then(at), at(middle)) {
            (0, Some(below), Some(above)) => (below + above) / 2.0,
            (_, _, Some(middle)) => middle,
            _ => return Value::Null,
        };
        Value::Real((median * 1000.0).round() / 1000.0)
    }

    /// The first by name of those that came most often.
    fn commonest_error(&self) -> Value {
        let commonest = self.errors.iter().max_by(|one, other| one.1.cmp(other.1).then_with(|| other.0.cmp(one.0)));
        commonest.map_or(Value::Null, |(code, _)| Value::Text(code.clone()))
    }
}

fn report(identity: &Rc<Identity>, call: Call) -> Answer {
    let since = call.text(0, "time")?.map(|text| time::parse("time", text)).transpose()?;
    let now = identity.clock.text();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    identity.engine.with(include_str!("../../../sql/identity/sign_in/report/report.sql"), |statement| {
        let mut rows = statement.query([since])?;
        while let Some(row) = rows.next()? {
            let tally = tallies.entry(row.get(0)?).or_default();
            tally.organization = Some(row.get(1)?);
            tally.started += 1;
            let is_due = row.get::<_, Option<String>>(3)?.is_some_and(|expires_at| expires_at <= now);
            let error = match row.get::<_, String>(2)?.as_str() {
                "success" => {
                    tally.times.push(row.get(5)?);
                    None
                }
                "failed" => {
                    tally.failed += 1;
                    row.get(4)?
                }
                status if status == "timed_out" || is_due => {
                    tally.timed_out += 1;
                    Some("sso_timed_out".to_owned())
                }
                _ => None,
            };
            if let Some(error) = error {
                *tally.errors.entry(error).or_default() += 1;
            }
        }
        Ok(())
    })?;
    let row = |(connection, mut tally): (String, Tally)| -> Result<Vec<Value>> {
        let succeeded = i64::try_from(tally.times.len()).unwrap_or(i64::MAX);
        let (median, error) = (tally.median(), tally.commonest_error());
        Ok(vec![
            Value::Text(connection),
            tally.organization.unwrap_or(Value::Null),
            tally.started.into(),
            succeeded.into(),
            tally.failed.into(),
            tally.timed_out.into(),
            median,
            error,
        ])
    };
    Ok(Made::rows(tallies.into_iter().map(row).collect::<Result<_>>()?))
}
