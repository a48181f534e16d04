//! Money as exact decimals: never a float.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

/// Decimal places of an amount: a price per million requests has six of its own, and a request costs a millionth of it.
const PLACES: usize = 12;
const ONE: u128 = 10_u128.pow(PLACES as u32);

/// An amount of US dollars, exact to a millionth of a millionth. Printed as a decimal number without zeros at its end:
/// `0`, `12.5`, `0.000002`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Usd(u128);

/// What a million requests cost, in millionths of a US dollar. Printed and parsed in dollars: `2.50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PricePerMillion(u64);

/// A text is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a price must be US dollars per million requests, from 0 to 1000000, with at most 6 decimal places: 2.50"
)]
pub struct InvalidPrice;

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / ONE, self.0 % ONE);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let places = format!("{fraction:0PLACES$}");
        write!(f, "{whole}.{}", places.trim_end_matches('0'))
    }
}

impl PricePerMillion {
    const MICROS: u64 = 1_000_000;
    const PLACES: usize = 6;
    const DOLLARS_MAX: u64 = 1_000_000;

    /// What so many requests cost.
    #[must_use]
    pub fn cost(self, requests: u64) -> Usd {
        Usd(u128::from(self.0) * u128::from(requests))
    }
}

impl FromStr for PricePerMillion {
    type Err = InvalidPrice;

    fn from_str(text: &str) -> Result<Self, InvalidPrice> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(places) || places.len() > Self::PLACES {
            return Err(InvalidPrice);
        }
        let dollars: u64 = whole.parse().map_err(|_| InvalidPrice)?;
        let micros: u64 = format!("{places:0<6}").parse().map_err(|_| InvalidPrice)?;
        if dollars > Self::DOLLARS_MAX || (dollars == Self::DOLLARS_MAX && micros > 0) {
            return Err(InvalidPrice);
        }
        Ok(Self(dollars * Self::MICROS + micros))
    }
}

impl fmt::Display for PricePerMillion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cost(Self::MICROS).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> PricePerMillion {
        text.parse().unwrap()
    }

    #[test]
    fn costs_are_exact_to_the_last_place() {
        assert_eq!(price("2.50").cost(1).to_string(), "0.0000025");
        assert_eq!(price("0.1").cost(3).to_string(), "0.0000003");
        assert_eq!(price("0.000001").cost(1).to_string(), "0.000000000001");
        assert_eq!(price("2.5").cost(400_000).to_string(), "1");
        let parts: Usd = (0..10).map(|_| price("0.1").cost(1_000_000)).sum();
        assert_eq!(parts.to_string(), "1");
        assert_eq!(price("1000000").cost(u64::MAX).to_string(), "18446744073709551615");
    }

    #[test]
    fn prices_are_dollars_with_six_places_at_most() {
        assert_eq!(price("2.50").to_string(), "2.5");
        assert_eq!(price("0").to_string(), "0");
        for bad in
            ["", ".5", "1.", "-1", "+1", "1e3", "0.0000001", "1000000.01", "1000001", "1,5", " 1", "NaN"]
        {
            assert_eq!(bad.parse::<PricePerMillion>(), Err(InvalidPrice), "{bad}");
        }
    }
}
