//! Usage of an app beside its plan limits (SPEC 5.2).

/// How near an app is to one of its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageStatus {
    /// Below 75 %.
    Healthy,
    /// From 75 %.
    Warning,
    /// From 90 %.
    Critical,
}

impl UsageStatus {
    /// As it stands in the answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One count beside its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// What is counted at this moment.
    pub current: u64,
    /// The plan's limit.
    pub limit: u64,
}

impl Usage {
    /// Tenths of a percent, rounded half up. A limit of 0: 0 where nothing is counted, else 1000.
    #[must_use]
    pub fn percent_tenths(self) -> u128 {
        match (self.current, self.limit) {
            (0, 0) => 0,
            (_, 0) => 1000,
            (current, limit) => {
                let (current, limit) = (u128::from(current), u128::from(limit));
                (current * 2000 + limit) / (limit * 2)
            }
        }
    }

    /// Percent with one decimal.
    #[must_use]
    pub fn percent(self) -> f64 {
        self.percent_tenths() as f64 / 10.0
    }

    /// The status, from the exact ratio.
    #[must_use]
    pub fn status(self) -> UsageStatus {
        let at_least = |percent: u128| {
            u128::from(self.current) * 100 >= u128::from(self.limit) * percent && self.current > 0
        };
        if at_least(90) {
            UsageStatus::Critical
        } else if at_least(75) {
            UsageStatus::Warning
        } else {
            UsageStatus::Healthy
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(current: u64, limit: u64) -> (f64, &'static str) {
        let usage = Usage { current, limit };
        (usage.percent(), usage.status().as_str())
    }

    #[test]
    fn percent_is_rounded_and_status_is_exact() {
        assert_eq!(usage(82, 100), (82.0, "warning"));
        assert_eq!(usage(4, 20), (20.0, "healthy"));
        assert_eq!(usage(7_499, 10_000), (75.0, "healthy"));
        assert_eq!(usage(75, 100), (75.0, "warning"));
        assert_eq!(usage(8_999, 10_000), (90.0, "warning"));
        assert_eq!(usage(90, 100), (90.0, "critical"));
        assert_eq!(usage(1, 3), (33.3, "healthy"));
        assert_eq!(usage(2, 3), (66.7, "healthy"));
        assert_eq!(usage(120, 100), (120.0, "critical"));
        assert_eq!(usage(1 << 53, 1 << 53), (100.0, "critical"));
    }

    #[test]
    fn a_limit_of_zero_is_healthy_only_when_nothing_is_counted() {
        assert_eq!(usage(0, 0), (0.0, "healthy"));
        assert_eq!(usage(1, 0), (100.0, "critical"));
    }
}
