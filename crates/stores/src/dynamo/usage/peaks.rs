use domain::bounds::METERED_APPS_MAX;
use domain::calendar::Hour;
use domain::ids::AppKey;
use domain::metering::Levels;
use domain::ports::{UsageAdd, Writer};
use parking_lot::Mutex;
use std::collections::HashMap;

/// The highest peaks that this process has told of each app and hour: an item has only the last that a writer told, as DynamoDB
/// knows no maximum.
#[derive(Debug, Default)]
pub(super) struct HighestPeaks(Mutex<HashMap<(Writer, Hour, AppKey), Levels>>);

impl HighestPeaks {
    /// Those of an addition, and of all before it of its writer, app and hour. None where it has none, so that nothing is
    /// written.
    pub(super) fn with(&self, writer: Writer, add: &UsageAdd) -> Levels {
        let Levels { connections_peak, documents_peak, .. } = add.usage.levels;
        let peaks = Levels { connections_peak, documents_peak, ..Levels::default() };
        if peaks.is_empty() {
            return peaks;
        }
        let key = (writer, add.hour, add.app.clone());
        let mut highest = self.0.lock();
        if highest.len() >= METERED_APPS_MAX && !highest.contains_key(&key) {
            forget(&mut highest, add.hour);
        }
        let highest = highest.entry(key).or_default();
        highest.add(&peaks);
        *highest
    }
}

/// Makes room: earlier hours first, as they are hardly added to any more.
fn forget(highest: &mut HashMap<(Writer, Hour, AppKey), Levels>, this_hour: Hour) {
    highest.retain(|(_, hour, _), _| *hour >= this_hour);
    if highest.len() >= METERED_APPS_MAX {
        highest.clear();
    }
}
