//! As much of Yjs as a load generator needs: writing single edits of a text, and counting what updates carry.

pub(crate) mod coverage;
pub(crate) mod edit;
pub(crate) mod recording;
pub(crate) mod session;
pub(crate) mod text;
