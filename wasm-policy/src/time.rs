//! Moments in time, as RFC 3339 text and as X.509 times, without a clock.

use core::fmt;

/// A moment in UTC, to the nanosecond; years 0001 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Since 1970-01-01T00:00:00Z; negative before.
    seconds: i64,
    nanos: u32,
}

/// 0001-01-01T00:00:00Z.
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

impl Instant {
    /// The first moment there is, 0001-01-01T00:00:00Z, which is Go's zero time.
    pub const FIRST: Self = Self { seconds: FIRST_SECOND, nanos: 0 };

    /// A moment from seconds since 1970-01-01T00:00:00Z and nanoseconds below 10^9; `None` outside years 1 to 9999.
    pub const fn from_unix(seconds: i64, nanos: u32) -> Option<Self> {
        if seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos >= 1_000_000_000 {
            return None;
        }
        Some(Self { seconds, nanos })
    }

    /// A moment from its calendar fields in UTC; `None` where there is no such day or time. A leap second is none.
    pub fn from_civil(year: i64, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<Self> {
        if hour > 23 || minute > 59 || second > 59 || day == 0 || day > days_in(year, month)? {
            return None;
        }
        let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Self::from_unix(days_since_epoch(year, month, day) * 86_400 + of_day, 0)
    }

    /// Reads RFC 3339 with upper-case `T`, and `Z` or an offset; fractions of up to nine digits count, further ones are dropped.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (local, rest) = Self::parse_local(text)?;
        let offset = match rest {
            b"Z" => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let (hours, minutes) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = i64::from(hours) * 3600 + i64::from(minutes) * 60;
                if *sign == b'+' { offset } else { -offset }
            }
            _ => return None,
        };
        Self::from_unix(local.seconds - offset, local.nanos)
    }

    /// Reads the input document's `now`: RFC 3339 in UTC, ending in `Z`.
    pub fn parse_utc(text: &str) -> Option<Self> {
        match Self::parse_local(text)? {
            (moment, b"Z") => Some(moment),
            _ => None,
        }
    }

    /// Reads `YYYY-MM-DDThh:mm:ss[.f]` as UTC, and gives what follows.
    fn parse_local(text: &str) -> Option<(Self, &[u8])> {
        let bytes = text.as_bytes();
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, rest @ ..] = bytes
        else {
            return None;
        };
        let year = i64::from(two_digits(*y1, *y2)?) * 100 + i64::from(two_digits(*y3, *y4)?);
        let whole = Self::from_civil(
            year,
            two_digits(*m1, *m2)?,
            two_digits(*d1, *d2)?,
            two_digits(*h1, *h2)?,
            two_digits(*n1, *n2)?,
            two_digits(*s1, *s2)?,
        )?;
        let (nanos, rest) = match rest {
            [b'.', fraction @ ..] => {
                let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
                if digits == 0 {
                    return None;
                }
                let (fraction, rest) = fraction.split_at(digits);
                let mut nanos = 0;
                for place in 0..9 {
                    nanos = nanos * 10 + fraction.get(place).map_or(0, |b| u32::from(b - b'0'));
                }
                (nanos, rest)
            }
            rest => (0, rest),
        };
        Some((Self { seconds: whole.seconds, nanos }, rest))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z; negative before.
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// The moment so many seconds later; the last second of year 9999 where it would be beyond.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        let moved = self.seconds.saturating_add(seconds).clamp(FIRST_SECOND, LAST_SECOND);
        Self { seconds: moved, nanos: self.nanos }
    }
}

/// RFC 3339 in UTC, with as many digits of a fraction as it needs.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, of_day) = (self.seconds.div_euclid(86_400), self.seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// The earlier of two moments, where none means never.
pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

fn days_in(year: i64, month: u32) -> Option<u32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, with years that begin in March so that a leap day is a year's last.
fn days_since_epoch(year: i64, month: u32, day: u32) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_from_year_1_to_9999_survives_a_round_trip() {
        for days in (FIRST_SECOND / 86_400)..=(LAST_SECOND / 86_400) {
            let (year, month, day) = civil_from_days(days);
            let (month, day) = (u32::try_from(month).unwrap(), u32::try_from(day).unwrap());
            assert_eq!(days_since_epoch(year, month, day), days);
            assert!(day <= days_in(year, month).unwrap());
        }
    }

    #[test]
    fn text_is_read_and_written_alike() {
        for text in
            ["2026-11-23T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-02-29T01:02:03.000000009Z"]
        {
            assert_eq!(Instant::parse_utc(text).unwrap().to_string(), text);
        }
        assert_eq!(Instant::from_unix(0, 0).unwrap().to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn an_offset_moves_the_moment() {
        let moment = Instant::parse_rfc3339("2026-11-23T12:00:00.5+01:30").unwrap();
        assert_eq!(moment.to_string(), "2026-11-23T10:30:00.5Z");
        assert_eq!(Instant::parse_rfc3339("2026-11-23T12:00:00-00:00"), Instant::parse_utc("2026-11-23T12:00:00Z"));
    }

    #[test]
    fn what_rfc_3339_forbids_is_no_time() {
        for text in [
            "2026-11-23T12:00:00,5Z",
            "2026-11-23T1:00:00Z",
            "2026-11-23T12:00:00+24:00",
            "2026-11-23T12:00:00",
            "2026-11-23t12:00:00Z",
            "2026-11-23T12:00:00z",
            "2026-11-23T12:00:60Z",
            "2026-02-29T12:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-11-23T12:00:00.Z",
            "2026-11-23 12:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-13-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "+026-11-23T12:00:00Z",
            "",
        ] {
            assert_eq!(Instant::parse_rfc3339(text), None, "{text}");
        }
        assert_eq!(Instant::parse_utc("2026-11-23T12:00:00+00:00"), None);
    }
}
