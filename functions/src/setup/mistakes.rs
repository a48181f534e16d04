use super::environment::{Shown, Variable};
use std::fmt;

/// Something wrong with one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    variable: &'static str,
    /// The value, where there is one that may be told.
    value: Option<String>,
    wrong: String,
}

impl Mistake {
    /// A variable that must be set, and is not.
    pub(super) fn missing(variable: Variable) -> Self {
        Self {
            variable: variable.name,
            value: None,
            wrong: format!("is missing: expected {}", variable.expected),
        }
    }

    /// A variable with a value that can't be used.
    pub(super) fn value(variable: Variable, value: &str, wrong: impl fmt::Display) -> Self {
        let value = (variable.shown == Shown::Always).then(|| value.to_owned());
        Self { variable: variable.name, value, wrong: format!("can't be used: {wrong}") }
    }

    /// A variable that says something about what another names, which is missing.
    pub(super) fn of_no_use(variable: Variable, without: Variable) -> Self {
        Self::combination(variable, format_args!("is of no use without {}", without.name))
    }

    /// A variable that does not go with another, or with the machine.
    pub(super) fn combination(variable: Variable, wrong: impl fmt::Display) -> Self {
        Self { variable: variable.name, value: None, wrong: wrong.to_string() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} (`{value}`) {}", self.variable, self.wrong),
            None => write!(f, "{} {}", self.variable, self.wrong),
        }
    }
}

/// Everything that is wrong with the environment: at least one mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub(super) Vec<Mistake>);

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            let before = if i == 0 { "" } else { "; " };
            write!(f, "{before}{mistake}")?;
        }
        Ok(())
    }
}
