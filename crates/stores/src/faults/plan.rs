use super::faulty::Faulty;
use crate::system::SeededEntropy;
use domain::clock::Entropy;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How likely each fault is, from 0 to 1. Faults of several kinds may meet in one call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FaultPlan {
    /// The call fails and has had no effect.
    pub lost_request: f64,
    /// The call fails and has had its effect.
    pub lost_reply: f64,
    /// The call waits, for a drawn time, before and again after its effect.
    pub delay: f64,
    /// The longest such wait.
    pub delay_max: Duration,
    /// The call has its effect twice, at once; the answer is that of either copy.
    pub duplicate: f64,
    /// A copy of the call has its effect after some later calls, whatever this one answers.
    pub late_copy: f64,
    /// The most later calls that a late copy lets pass.
    pub late_calls_max: u32,
}

impl FaultPlan {
    /// A bad day: each kind of fault in one call of ten or twenty.
    #[must_use]
    pub fn rough() -> Self {
        Self {
            lost_request: 0.05,
            lost_reply: 0.1,
            delay: 0.1,
            delay_max: Duration::from_millis(500),
            duplicate: 0.05,
            late_copy: 0.05,
            late_calls_max: 20,
        }
    }
}

/// The faults of one run, drawn from one seed, for any number of stores.
#[derive(Debug)]
pub struct Faults {
    plan: FaultPlan,
    entropy: SeededEntropy,
    mode: Mutex<Mode>,
    /// The mode has changed. Wakes whoever waits in the order of their coming, so that a seed gives one run.
    turned: Notify,
    /// Calls that still go through before a stall.
    fuse: Mutex<Option<u32>>,
    injected: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Planned,
    Cut,
    Stalled,
    Healed,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fate {
    pub(super) is_cut: bool,
    pub(super) is_stalled: bool,
    pub(super) loses_request: bool,
    pub(super) loses_reply: bool,
    pub(super) delay_before: Duration,
    pub(super) delay_after: Duration,
    pub(super) duplicate: Option<Copied>,
    /// How many later calls a copy lets pass.
    pub(super) late_after: Option<u32>,
}

/// Which of two copies of a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    AnswersFirst,
    AnswersSecond,
}

impl Faults {
    /// Faults by this plan, as `seed` determines.
    #[must_use]
    pub fn new(plan: FaultPlan, seed: u64) -> Arc<Self> {
        let entropy = SeededEntropy::new(seed);
        Arc::new(Self {
            plan,
            entropy,
            mode: Mutex::new(Mode::Planned),
            turned: Notify::new(),
            fuse: Mutex::default(),
            injected: AtomicU64::new(0),
        })
    }

    /// `store`, as these faults let it appear.
    #[must_use]
    pub fn wrap<T: ?Sized>(self: &Arc<Self>, store: Arc<T>) -> Faulty<T> {
        Faulty::new(store, self.clone())
    }

    /// What determines these faults. A failing test prints it.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.entropy.seed()
    }

    /// Calls that were not left alone so far.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.injected.load(Ordering::Relaxed)
    }

    /// From here on, no call reaches its store: all answer `Unavailable`. Late copies wait.
    pub fn cut(&self) {
        self.turn_to(Mode::Cut);
    }

    /// From here on, every call waits, as if its process stood still just before it was sent. Once the stall ends,
    /// by [`Faults::heal`], [`Faults::resume`] or [`Faults::cut`], all of them reach their store and are answered,
    /// also those that their callers wait for no longer.
    pub fn stall(&self) {
        self.turn_to(Mode::Stalled);
    }

    /// Lets `calls` more calls pass, and then stalls. Whatever turns the faults to another mode undoes it.
    pub fn stall_after(&self, calls: u32) {
        *self.fuse.lock() = Some(calls);
    }

    /// Whether calls are stalled.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        *self.mode.lock() == Mode::Stalled
    }

    /// From here on, no call meets a fault. Late copies that are under way still arrive.
    pub fn heal(&self) {
        self.turn_to(Mode::Healed);
    }

    /// From here on, calls meet faults by the plan again.
    pub fn resume(&self) {
        self.turn_to(Mode::Planned);
    }

    /// Waits for the end of a stall.
    pub(super) async fn until_no_stall(&self) {
        while self.is_stalled() {
            let mut turned = std::pin::pin!(self.turned.notified());
            turned.as_mut().enable();
            if self.is_stalled() {
                turned.await;
            }
        }
    }

    fn turn_to(&self, mode: Mode) {
        *self.fuse.lock() = None;
        *self.mode.lock() = mode;
        self.turned.notify_waiters();
    }

    pub(super) fn draw(&self) -> Fate {
        self.burn_fuse();
        let mode = *self.mode.lock();
        let fate = match mode {
            Mode::Planned => self.draw_by_plan(),
            Mode::Cut => Fate { is_cut: true, ..Fate::default() },
            Mode::Stalled => Fate { is_stalled: true, ..Fate::default() },
            Mode::Healed => Fate::default(),
        };
        self.injected.fetch_add(u64::from(fate != Fate::default()), Ordering::Relaxed);
        fate
    }

    fn burn_fuse(&self) {
        let mut fuse = self.fuse.lock();
        match *fuse {
            Some(0) => {
                *fuse = None;
                *self.mode.lock() = Mode::Stalled;
            }
            Some(calls) => *fuse = Some(calls - 1),
            None => {}
        }
    }

    fn draw_by_plan(&self) -> Fate {
        let plan = &self.plan;
        let is_delayed = self.happens(plan.delay);
        let delay =
            || if is_delayed { self.entropy.between(Duration::ZERO, plan.delay_max) } else { Duration::ZERO };
        Fate {
            is_cut: false,
            is_stalled: false,
            delay_before: delay(),
            delay_after: delay(),
            loses_request: self.happens(plan.lost_request),
            loses_reply: self.happens(plan.lost_reply),
            duplicate: self.happens(plan.duplicate).then(|| self.which_copy()),
            late_after: self.happens(plan.late_copy).then(|| self.up_to(plan.late_calls_max)),
        }
    }

    fn happens(&self, probability: f64) -> bool {
        // 53 bits are what a float between 0 and 1 can tell apart.
        let drawn = (self.entropy.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        drawn < probability
    }

    fn which_copy(&self) -> Copied {
        if self.happens(0.5) { Copied::AnswersFirst } else { Copied::AnswersSecond }
    }

    fn up_to(&self, most: u32) -> u32 {
        1 + (self.entropy.next_u64() % u64::from(most.max(1))) as u32
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faults of seed {}", self.seed())
    }
}
