use domain::ids::AppKey;
use std::sync::{Arc, OnceLock};

/// Request extension: the app that asks, once its token is known to be genuine. A request is counted for that app from then
/// on, however it ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asker(Arc<OnceLock<AppKey>>);

impl Asker {
    /// The app is known. Only the first one that is told counts.
    pub(crate) fn is(&self, app: &AppKey) {
        let _ = self.0.set(app.clone());
    }

    pub(crate) fn app(&self) -> Option<&AppKey> {
        self.0.get()
    }
}
