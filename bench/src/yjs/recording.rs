//! Recorded editing sessions: `{startContent, endContent, txns: [{patches: [[position, deleted, text], ..]}]}`,
//! gzipped JSON, the sequential form of the public `editing-traces` collection.

use crate::yjs::text::Text;
use serde::Deserialize;
use std::io;
use std::path::Path;
use std::process::Command;

/// A recording that can't be replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordingError {
    /// `gzip -dc` failed.
    #[error("cannot unpack the recording: {0}")]
    Unpack(#[source] io::Error),
    /// Its JSON has another shape.
    #[error("cannot read the recording: {0}")]
    Shape(#[from] serde_json::Error),
    /// A position in code points would not be one in UTF-16 units.
    #[error("the recording has characters beyond the basic plane")]
    Astral,
    /// Replayed to its end, it is not as long as the text it names as its end.
    #[error("the recording ends in {found} characters instead of {expected}")]
    End {
        /// UTF-16 units of `endContent`.
        expected: usize,
        /// UTF-16 units after the last edit.
        found: usize,
    },
}

/// A recorded session.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recording {
    start_content: String,
    end_content: String,
    txns: Vec<Transaction>,
}

#[derive(Debug, Deserialize)]
struct Transaction {
    patches: Vec<Patch>,
}

/// Position, characters deleted there, text put in there.
#[derive(Debug, Deserialize)]
struct Patch(usize, usize, String);

impl Recording {
    /// Reads a gzipped recording.
    ///
    /// # Errors
    /// [`RecordingError`].
    pub(crate) fn open(path: &Path) -> Result<Self, RecordingError> {
        let unpacked = Command::new("gzip").arg("-dc").arg(path).output().map_err(RecordingError::Unpack)?;
        if !unpacked.status.success() {
            let reason = String::from_utf8_lossy(&unpacked.stderr).trim().to_owned();
            return Err(RecordingError::Unpack(io::Error::other(reason)));
        }
        Self::parse(&unpacked.stdout)
    }

    fn parse(json: &[u8]) -> Result<Self, RecordingError> {
        let recording: Self = serde_json::from_slice(json)?;
        let texts = recording.txns.iter().flat_map(|t| t.patches.iter().map(|p| p.2.as_str()));
        let astral = |text: &str| text.chars().any(|c| c.len_utf16() > 1);
        if texts.chain([recording.start_content.as_str()]).any(astral) {
            return Err(RecordingError::Astral);
        }
        Ok(recording)
    }

    /// The updates of its first edits, one a patch.
    ///
    /// # Errors
    /// [`RecordingError::End`], where all of it was replayed.
    pub(crate) fn updates(&self, edits_max: usize) -> Result<Vec<Vec<u8>>, RecordingError> {
        let mut text = Text::default();
        let start = (!self.start_content.is_empty()).then_some((0, 0, &self.start_content));
        let patches = self.txns.iter().flat_map(|t| &t.patches).map(|Patch(at, gone, put)| (*at, *gone, put));
        let mut edits =
            start.into_iter().chain(patches).filter(|(_, gone, put)| *gone > 0 || !put.is_empty());
        let updates =
            edits.by_ref().take(edits_max).map(|(at, gone, put)| text.edit(at, gone, put)).collect();
        let (expected, found) = (self.end_content.encode_utf16().count(), text.length());
        if edits.next().is_none() && expected != found {
            return Err(RecordingError::End { expected, found });
        }
        Ok(updates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_replayed_patch_by_patch() {
        let json = br#"{"startContent":"ab","endContent":"aXc","txns":[
            {"time":"t","patches":[[2,0,"c"],[1,1,"X"]]},{"patches":[[0,0,""]]}]}"#;
        let recording = Recording::parse(json).unwrap();
        assert_eq!(recording.updates(usize::MAX).unwrap().len(), 3);
        assert_eq!(recording.updates(2).unwrap().len(), 2);
    }

    #[test]
    fn a_recording_that_ends_otherwise_than_it_says_is_refused() {
        let json = br#"{"startContent":"ab","endContent":"abcd","txns":[{"patches":[[2,0,"c"]]}]}"#;
        let error = Recording::parse(json).unwrap().updates(usize::MAX).unwrap_err();
        assert!(matches!(error, RecordingError::End { expected: 4, found: 3 }));
    }

    #[test]
    fn what_cannot_be_replayed_is_refused() {
        let astral = r#"{"startContent":"","endContent":"","txns":[{"patches":[[0,0,"😀"]]}]}"#;
        assert!(matches!(Recording::parse(astral.as_bytes()), Err(RecordingError::Astral)));
        assert!(matches!(Recording::parse(b"[]"), Err(RecordingError::Shape(_))));
    }
}
