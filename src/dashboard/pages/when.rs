//! Times that a person types: a year, a month, a day, a minute, a moment, in UTC unless said otherwise.

use chrono::{DateTime, Utc};

use crate::dashboard::problem::Problem;
use crate::dashboard::words::plain;

/// What a shorter time goes on with, so that it is the first moment of what it names.
const FIRST: &str = "0000-01-01T00:00:00.000Z";

/// A time as the file writes it. `2027-01` is the first moment of that month.
pub(crate) fn moment(given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let text = given.replacen(' ', "T", 1);
    let is_begun = [4, 7, 10, 13, 16, 19].contains(&text.trim_end_matches('Z').len());
    let whole = match is_begun {
        true => format!("{}{}", text.trim_end_matches('Z'), FIRST.get(text.trim_end_matches('Z').len()..).unwrap_or_default()),
        false => text,
    };
    let read = DateTime::parse_from_rfc3339(&whole).map_err(|_| {
        Problem::refused(format!("`{}` is no time; write one such as 2027-01-31 or 2027-01-31T12:00, in UTC", plain(given)))
    })?;
    Ok(Some(read.with_timezone(&Utc).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::moment;

    #[test]
    fn a_time_is_read_or_refused() {
        for (given, read) in [
            ("2027", "2027-01-01T00:00:00.000Z"),
            ("2027-02", "2027-02-01T00:00:00.000Z"),
            ("2027-01-31", "2027-01-31T00:00:00.000Z"),
            ("2027-01-31 12:00", "2027-01-31T12:00:00.000Z"),
            ("2027-01-31T12:00Z", "2027-01-31T12:00:00.000Z"),
            ("2027-01-31T12:00:30.250Z", "2027-01-31T12:00:30.250Z"),
            ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00.000Z"),
        ] {
            assert_eq!(moment(Some(given)).unwrap_or_else(|problem| panic!("{}", problem.sentence)).unwrap(), read);
        }
        for given in ["yesterday", "-24h", "2027-13", "2027-02-30", "12:00", "20270131", "2027-01-31T25:00", "now", "-1-1-"] {
            assert!(moment(Some(given)).is_err(), "{given}");
        }
        assert!(moment(None).is_ok_and(|time| time.is_none()));
    }
}
