//! What a command did, as people and machines read it.

use super::error::AdminError;
use crate::error::LocalError;
use domain::clock::rfc3339_ms;
use domain::ids::{ApiKeyId, ClientId};
use serde_json::Value;
use std::fmt;
use std::io::{self, Write};

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Lines and tables.
    Text,
    /// One JSON value.
    Json,
}

/// What came of a command.
#[derive(Debug, PartialEq)]
pub(super) struct Report {
    /// For people, its last line without an end.
    pub(super) text: String,
    /// The same for machines.
    pub(super) json: Value,
    /// Whose secret is in it, which nobody can show again.
    pub(super) secret_of: Option<SecretOf>,
}

/// Who has a secret that was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretOf {
    Client(ClientId),
    ApiKey(ApiKeyId),
}

impl SecretOf {
    /// What undoes its making.
    pub(super) fn revocation(&self) -> String {
        match self {
            Self::Client(id) => format!("wiresocket admin clients revoke {id}"),
            Self::ApiKey(id) => format!("wiresocket admin api-keys revoke {id}"),
        }
    }
}

impl fmt::Display for SecretOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "the client `{id}`"),
            Self::ApiKey(id) => write!(f, "the API key `{id}`"),
        }
    }
}

impl Report {
    /// What holds no secret.
    pub(super) fn new(text: String, json: Value) -> Self {
        Self { text, json, secret_of: None }
    }

    /// Prints it to its end, or as far as somebody reads it; a secret must be read.
    pub(super) fn print(self, form: Form) -> Result<(), LocalError> {
        match (self.write(form), self.secret_of) {
            (Ok(()), _) => Ok(()),
            (Err(source), Some(of)) => Err(AdminError::SecretNotShown { of, source }.into()),
            (Err(error), None) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            (Err(error), None) => Err(error.into()),
        }
    }

    fn write(&self, form: Form) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match form {
            Form::Text => writeln!(out, "{}", self.text)?,
            Form::Json => writeln!(out, "{:#}", self.json)?,
        }
        out.flush()
    }
}

/// A moment as people and machines read it.
pub(super) fn instant(unix_s: u64) -> String {
    rfc3339_ms(unix_s.saturating_mul(1000))
}

/// A table with a line for each row, its columns two spaces apart.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heads[column].len()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let padded: String =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        padded.trim_end().to_owned()
    };
    let heads = line(heads);
    let rows = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    [heads].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_table_are_as_wide_as_their_widest_cell() {
        let rows = [["ä", ""], ["longer", "x"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(["ID", "NAME"], &rows), "ID      NAME\nä\nlonger  x");
        assert_eq!(table(["ID"], &[]), "ID");
    }
}
