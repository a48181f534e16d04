use std::ffi::{OsStr, OsString};

/// What tests are told where everything is, by names of environment variables.
#[derive(Debug, Default)]
pub(crate) struct Variables(Vec<(&'static str, OsString)>);

impl Variables {
    /// One more.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.0.push((name, value.into()));
    }

    /// More of them.
    pub(crate) fn set_all(&mut self, more: impl IntoIterator<Item = (&'static str, impl Into<OsString>)>) {
        more.into_iter().for_each(|(name, value)| self.set(name, value));
    }

    /// All, as a command takes them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (OsStr::new(*name), value.as_os_str()))
    }
}
