//! Times as they are written: UTC with milliseconds, 24 characters, so that the order of the texts is the order of the times.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use crate::error::{Error, Result, shown};

/// Reads an ISO 8601 time with any offset, UTC where it has none, and writes it as `2027-01-31T12:00:00.000Z`.
///
/// # Errors
/// The text is no time, or its year has not four digits.
pub(crate) fn parse(what: &str, text: &str) -> Result<String> {
    let refused = || {
        Error::refused(format!(
            "the {what} `{}` is not a time; write ISO 8601, such as `2027-01-31T12:00:00Z` or `2027-01-31T12:00:00+02:00`",
            shown(&text.escape_debug().to_string())
        ))
    };
    let time = read(text).ok_or_else(refused)?;
    if !(0..=9999).contains(&time.year()) {
        return Err(refused());
    }
    Ok(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn read(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, form) {
            return Some(time.with_timezone(&Utc));
        }
    }
    let bare = text.strip_suffix('Z').unwrap_or(text);
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(bare, form) {
            return Some(time.and_utc());
        }
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::parse;

    #[test]
    fn offsets_become_utc_with_milliseconds() {
        for (given, kept) in [
            ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00.000Z"),
            ("2027-01-31T12:00:00.1239Z", "2027-01-31T12:00:00.123Z"),
            ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00.000Z"),
            ("2027-01-31T12:00:00-0230", "2027-01-31T14:30:00.000Z"),
            ("2027-01-31 12:00:00+02", "2027-01-31T10:00:00.000Z"),
            ("2027-01-31T12:00", "2027-01-31T12:00:00.000Z"),
            ("2027-01-31 12:00", "2027-01-31T12:00:00.000Z"),
            ("2027-01-31", "2027-01-31T00:00:00.000Z"),
            ("0000-01-01", "0000-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(parse("time", given).unwrap(), kept, "{given}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for given in [
            "",
            "now",
            "tomorrow",
            "2027-02-30",
            "2027-1-1T",
            "12:00",
            "1700000000",
            "+12027-01-01",
            "9999-12-31T23:59:59-01:00",
            "2027-01-31T25:00:00Z",
        ] {
            assert!(parse("time", given).is_err(), "{given}");
        }
    }
}
