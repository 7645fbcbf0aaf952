//! The one thread that writes events. What waits is committed together, so that many senders share one sync of the
//! disk; each is answered once its own event is on it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use truelevel_engine::intake::{EventQuery, Gate, Intake, Receipt, Verdict};
use truelevel_engine::remembered::Touched;
use truelevel_model::events::{EventState, RawEvent, Reading};
use truelevel_model::{Span, Time};

use crate::UPKEEP;
use crate::problem::Problem;

/// Events that may wait.
const WAITING: usize = 4096;
/// Events that are committed together at most.
const BATCH: usize = 512;

/// What the writer was asked to do.
enum Job {
    Keep(Box<Delivery>),
    KeepUp,
    Look,
}

struct Delivery {
    event: (RawEvent, Reading),
    /// Its share of the memory, given back when it is on the disk.
    _share: Option<OwnedSemaphorePermit>,
    kept: oneshot::Sender<Result<Receipt, Unkept>>,
}

/// An event could not be kept, and was not.
struct Unkept;

/// Counts since the start.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) events: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) refusals: AtomicU64,
}

/// Where events are handed in. Any number may exist; the writer ends after the last one.
#[derive(Clone)]
pub(crate) struct Entrance {
    jobs: mpsc::Sender<Job>,
    counts: Arc<Counts>,
    changes: Changes,
    is_failing: Arc<AtomicBool>,
}

/// What changed by events.
#[derive(Clone)]
pub(crate) struct Changes {
    /// Counts up whenever a fact is new or changed.
    pub(crate) count: watch::Receiver<u64>,
    touched: Arc<Mutex<Touched>>,
}

impl Changes {
    /// Notes what was touched, until somebody takes it.
    pub(crate) fn touch(&self, touched: Touched) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).and(touched);
    }

    /// Takes what was touched since it was last taken: at least everything that was counted before.
    pub(crate) fn take_touched(&self) -> Touched {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entrance {
    /// Keeps an event: when this answers, it is on the disk. Refuses at once when too many wait.
    pub(crate) async fn keep(
        &self,
        event: (RawEvent, Reading),
        share: Option<OwnedSemaphorePermit>,
    ) -> Result<Receipt, Problem> {
        let (kept, answer) = oneshot::channel();
        let delivery = Delivery { event, _share: share, kept };
        self.jobs.try_send(Job::Keep(Box::new(delivery))).map_err(|error| match error {
            TrySendError::Full(_) => Problem::busy(),
            TrySendError::Closed(_) => Problem::unavailable(),
        })?;
        match answer.await {
            Ok(Ok(receipt)) => Ok(receipt),
            Ok(Err(Unkept)) | Err(_) => Err(Problem::unavailable()),
        }
    }

    /// Tries what is quarantined again, and forgets what is old.
    pub(crate) async fn keep_up(&self) {
        let _ = self.jobs.send(Job::KeepUp).await;
    }

    /// Looks for events that other servers on the same store took.
    pub(crate) async fn look(&self) {
        let _ = self.jobs.send(Job::Look).await;
    }

    /// Whether events can be kept, as far as is known.
    pub(crate) fn is_open(&self) -> bool {
        !self.jobs.is_closed() && !self.is_failing.load(Ordering::Relaxed)
    }

    pub(crate) fn count_refusal(&self) {
        self.counts.refusals.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Tells what changed.
    pub(crate) fn changes(&self) -> Changes {
        self.changes.clone()
    }
}

/// The thread.
pub(crate) struct Writer {
    thread: JoinHandle<()>,
    entrance: Entrance,
}

impl Writer {
    pub(crate) fn start(intake: Intake, gate: Arc<Gate>, keep_days: u32, clock: fn() -> Time) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let (changed, count) = watch::channel(0);
        let changes = Changes { count, touched: Arc::default() };
        let (counts, is_failing) = (Arc::new(Counts::default()), Arc::<AtomicBool>::default());
        let work = Work {
            // What is there already is in the first answer.
            last_event: intake.last_event().unwrap_or_default(),
            told: intake.told().unwrap_or_default(),
            intake,
            gate,
            keep_days,
            clock,
            changed,
            changes: changes.clone(),
            counts: Arc::clone(&counts),
            is_failing: Arc::clone(&is_failing),
            waiting,
            // What a better configuration or program understands is not to wait for anybody's turn.
            retried_up_to: Some(0),
        };
        Self {
            thread: std::thread::spawn(move || work.run()),
            entrance: Entrance { jobs, counts, changes, is_failing },
        }
    }

    pub(crate) fn entrance(&self) -> Entrance {
        self.entrance.clone()
    }

    /// Waits until everything that was handed in is on the disk.
    pub(crate) fn finish(self) {
        let Self { thread, entrance } = self;
        drop(entrance);
        if thread.join().is_err() {
            tracing::error!("the writer ended with a bug");
        }
    }
}

struct Work {
    intake: Intake,
    gate: Arc<Gate>,
    keep_days: u32,
    clock: fn() -> Time,
    changed: watch::Sender<u64>,
    changes: Changes,
    counts: Arc<Counts>,
    is_failing: Arc<AtomicBool>,
    waiting: mpsc::Receiver<Job>,
    /// The newest event of which was told.
    last_event: i64,
    /// How often something was told otherwise than by events.
    told: u64,
    /// The quarantined event up to which all were tried again, while that goes on.
    retried_up_to: Option<i64>,
}

impl Work {
    fn run(mut self) {
        while let Some(first) = self.next() {
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Keep(delivery) => batch.push(*delivery),
                    Job::KeepUp => self.begin_upkeep(),
                    Job::Look => self.look(),
                }
                next = if batch.len() < BATCH { self.waiting.try_recv().ok() } else { None };
            }
            self.keep(batch);
        }
        if let Err(error) = self.intake.give_up_upkeep((self.clock)()) {
            tracing::warn!(%error, "the upkeep could not be given up; the next server waits for it");
        }
    }

    /// The next job; while none waits, what is quarantined is tried again.
    fn next(&mut self) -> Option<Job> {
        while self.retried_up_to.is_some() {
            match self.waiting.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => self.retry_some(),
            }
        }
        self.waiting.blocking_recv()
    }

    fn keep(&mut self, batch: Vec<Delivery>) {
        if batch.is_empty() {
            return;
        }
        let (events, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|Delivery { event, _share, kept }| (event, (kept, _share))).unzip();
        let received = self.intake.receive(&events);
        self.note_whether_it_fails(received.is_err());
        let receipts = match received {
            Ok(receipts) => receipts,
            Err(error) => {
                tracing::error!(%error, events = events.len(), "events could not be kept and were not acknowledged");
                self.counts.failures.fetch_add(events.len() as u64, Ordering::Relaxed);
                answers.into_iter().for_each(|(kept, _)| drop(kept.send(Err(Unkept))));
                return;
            }
        };
        self.counts.commits.fetch_add(1, Ordering::Relaxed);
        let kept = receipts.iter().filter(|receipt| matches!(receipt, Receipt::Kept(_))).count();
        if kept > 0 {
            self.note_last_event(kept);
        }
        warn_of_quarantined(&receipts, &events);
        let is_changing = |receipt: &Receipt| matches!(receipt, Receipt::Kept(Verdict { is_changed: true, .. }));
        let changing = receipts.iter().zip(&events).filter(|(receipt, _)| is_changing(receipt));
        let touched: Vec<Touched> = changing.map(|(_, (_, reading))| Touched::by(reading)).collect();
        if !touched.is_empty() {
            touched.into_iter().for_each(|touched| self.changes.touch(touched));
            self.tell_of_a_change();
        }
        for (receipt, (kept, _share)) in receipts.into_iter().zip(answers) {
            let count = if receipt == Receipt::Duplicate { &self.counts.duplicates } else { &self.counts.events };
            count.fetch_add(1, Ordering::Relaxed);
            // Who asked may be gone; the event stays.
            let _ = kept.send(Ok(receipt));
        }
    }

    /// Moves on to the newest event, after this many of its own. Where there are more, others on the same store took them,
    /// and what they concern is not known here.
    fn note_last_event(&mut self, own: usize) {
        let last = self.intake.last_event().unwrap_or(self.last_event);
        if last - self.last_event > own as i64 {
            self.changes.touch(Touched::anything());
        }
        self.last_event = last;
    }

    /// Others on the same store take events and import files too, which the answer of this server is to show.
    fn look(&mut self) {
        // Reading says nothing about writing, and who does not send what cannot be kept would never know that it can.
        if self.is_failing.load(Ordering::Relaxed) && self.intake.check((self.clock)()).is_err() {
            return;
        }
        let heard = self.intake.last_event().and_then(|last| Ok((last, self.intake.told()?)));
        self.note_whether_it_fails(heard.is_err());
        match heard {
            Ok((last, told)) if last > self.last_event || told != self.told => {
                (self.last_event, self.told) = (last, told);
                self.changes.touch(Touched::anything());
                self.tell_of_a_change();
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "what others wrote could not be looked for"),
        }
    }

    fn note_whether_it_fails(&self, is_failing: bool) {
        if self.is_failing.swap(is_failing, Ordering::Relaxed) && !is_failing {
            tracing::info!("events can be kept again");
        }
    }

    fn begin_upkeep(&mut self) {
        let now = (self.clock)();
        // A little longer than until the next time, so that who has it keeps it while it lives.
        match self.intake.take_upkeep(now, now.plus(Span::from_millis(UPKEEP.as_millis() as i64 + 60_000))) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, "it cannot be told whose turn the upkeep is");
                return;
            }
        }
        match self.intake.expire((self.clock)().minus_days(self.keep_days)) {
            Ok(events) if events > 0 => tracing::info!(events, "forgot events that are older than is kept"),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "old events could not be forgotten"),
        }
        self.retried_up_to.get_or_insert(0);
    }

    fn retry_some(&mut self) {
        let query = EventQuery {
            state: Some(EventState::Quarantined),
            after: self.retried_up_to.unwrap_or(0),
            ..EventQuery::default()
        };
        self.retried_up_to = match self.intake.replay_some(&self.gate, &query, (self.clock)()) {
            Ok(Some(replayed)) => {
                if replayed.is_changed {
                    self.changes.touch(Touched::anything());
                    self.tell_of_a_change();
                }
                Some(replayed.last)
            }
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "quarantined events could not be tried again");
                None
            }
        };
    }

    fn tell_of_a_change(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }
}

/// Says whose events were not understood; what was in them stays out of the log.
fn warn_of_quarantined(receipts: &[Receipt], events: &[(RawEvent, Reading)]) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (receipt, (raw, _)) in receipts.iter().zip(events) {
        if matches!(receipt, Receipt::Kept(Verdict { state: EventState::Quarantined, .. })) {
            *counts.entry(raw.sender.as_str()).or_default() += 1;
        }
    }
    for (sender, events) in counts {
        tracing::warn!(
            sender,
            events,
            "events were not understood and wait in quarantine; `truelevel events` says why"
        );
    }
}
