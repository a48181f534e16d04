//! The control plane's Lambda functions as processes: each binary under Amazon's runtime interface emulator, fed with
//! the events that an HTTP API makes of requests, and its answers turned back.

mod emulated;
mod emulator;
mod event;
mod function;
mod http1;
mod ministack;
mod recorded;
mod recorder;
mod routes;
mod scheduled;

pub use emulated::EmulatedFunctions;
pub use emulator::{Emulator, Timings};
pub use event::{answer_of, event_of};
pub use function::Function;
pub use http1::send;
pub use ministack::Ministack;
pub use recorded::RecordedFunctions;
pub use recorder::{Call, Recorder};
pub use scheduled::{Scheduled, scheduled_event};
