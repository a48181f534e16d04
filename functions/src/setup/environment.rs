use super::mistakes::{Mistake, Mistakes};
use std::collections::HashMap;
use std::fmt::Display;

/// The variables of a process, as they were at one moment.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

/// A variable that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// What its value is to look like.
    pub(super) expected: &'static str,
    pub(super) shown: Shown,
}

/// Whether a variable's value is repeated in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Always,
    /// It may hold a secret.
    Never,
}

/// Reads variables, and gathers what is wrong with them.
pub(super) struct Reader<'e> {
    environment: &'e Environment,
    mistakes: Vec<Mistake>,
}

/// What is read from the environment for one need.
pub(super) trait Settings: Sized {
    /// Reads all of it. `None` where a mistake was noted, and then all other mistakes are noted too.
    fn read(from: &mut Reader<'_>) -> Option<Self>;
}

impl Environment {
    /// The environment of this process. A variable that is no text is as good as none.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    pub(super) fn read<S: Settings>(&self) -> Result<S, Mistakes> {
        let mut reader = Reader { environment: self, mistakes: Vec::new() };
        match S::read(&mut reader) {
            Some(settings) if reader.mistakes.is_empty() => Ok(settings),
            _ => Err(Mistakes(reader.mistakes)),
        }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Reader<'_> {
    /// The text of a variable. An empty one is none: templates can't leave a variable out, but empty.
    pub(super) fn text(&self, variable: Variable) -> Option<&str> {
        self.environment.0.get(variable.name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A value that must be there. `None` where it is not, or can't be read.
    pub(super) fn required<T, E: Display>(
        &mut self,
        variable: Variable,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match self.optional(variable, parse)? {
            None => self.note(Mistake::missing(variable)),
            value => value,
        }
    }

    /// A value that may be missing: `Some(None)`. `None` where it can't be read.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        variable: Variable,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        let Some(text) = self.text(variable) else { return Some(None) };
        match parse(text) {
            Ok(value) => Some(Some(value)),
            Err(wrong) => {
                let mistake = Mistake::value(variable, text, wrong);
                self.note(mistake)
            }
        }
    }

    /// Notes a mistake, once; for those who have nothing to go on with.
    pub(super) fn note<T>(&mut self, mistake: Mistake) -> Option<T> {
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
        None
    }
}
