//! Times as they are written: UTC with milliseconds, 24 characters, so that the order of the texts is the order of the times.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use super::refusal::{Refusal, Result, shown};

/// Milliseconds since 1970, UTC.
pub(crate) type Millis = i64;

/// When something expires, by its `expires_at`. Where there is none it never does; a text that is no time has expired: the schema lets
/// none in.
pub(crate) fn expiry(expires_at: Option<&str>) -> Millis {
    match expires_at {
        None => Millis::MAX,
        Some(text) => millis(text).unwrap_or(Millis::MIN),
    }
}

/// A time as it is written.
pub(crate) fn written(time: Millis) -> String {
    DateTime::from_timestamp_millis(time).map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default()
}

/// The milliseconds since 1970 of a time as it is written here, or by RFC 3339 otherwise.
pub(crate) fn millis(text: &str) -> Option<Millis> {
    as_written(text.as_bytes()).or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis()))
}

/// The form that everything in the file has, and every check may meet; `None` for any other.
fn as_written(text: &[u8]) -> Option<Millis> {
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if text.len() != 24 || marks.iter().any(|(at, mark)| text.get(*at) != Some(mark)) {
        return None;
    }
    let number = |digits: std::ops::Range<usize>| {
        let digits = text.get(digits).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    };
    let day = NaiveDate::from_ymd_opt(i32::try_from(number(0..4)?).ok()?, number(5..7)?, number(8..10)?)?;
    let time = day.and_hms_milli_opt(number(11..13)?, number(14..16)?, number(17..19)?, number(20..23)?)?;
    Some(time.and_utc().timestamp_millis())
}

/// Reads an ISO 8601 time with any offset, UTC where it has none, and writes it as `2027-01-31T12:00:00.000Z`.
///
/// # Errors
/// The text is no time, or its year has not four digits.
pub(crate) fn parse(what: &str, text: &str) -> Result<String> {
    let refused = || {
        Refusal::new(format!(
            "the {what} `{}` is not a time; write ISO 8601, such as `2027-01-31T12:00:00Z` or `2027-01-31T12:00:00+02:00`",
            shown(&text.escape_debug().to_string())
        ))
    };
    // By way of the milliseconds, which know no leap second: 23:59:60 is the first moment of the next day.
    let time = read(text).and_then(|time| DateTime::from_timestamp_millis(time.timestamp_millis())).ok_or_else(refused)?;
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
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::{as_written, millis, parse};

    proptest! {
        #[test]
        fn the_form_that_is_written_is_read_as_rfc_3339(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z",
            at in 0usize..24,
            other in "[ -~]",
        ) {
            let slow = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
            prop_assert_eq!(millis(&text), slow(&text));
            let mut spoilt = text;
            spoilt.replace_range(at..=at, &other);
            prop_assert_eq!(millis(&spoilt), slow(&spoilt));
            prop_assert!(as_written(spoilt.as_bytes()).is_none_or(|time| Some(time) == slow(&spoilt)));
        }
    }

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
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z"),
            ("1969-12-31T23:59:59.9995Z", "1969-12-31T23:59:59.999Z"),
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
            "9999-12-31T23:59:60Z",
            "2027-01-31T25:00:00Z",
        ] {
            assert!(parse("time", given).is_err(), "{given}");
        }
    }
}
