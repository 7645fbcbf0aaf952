//! Measuring in the background: no page waits for it. The last answer stands until the next one is there.
//!
//! One task measures, one question after the other: the whole workspace whenever facts changed, anything narrower when
//! somebody asks for it. The as-of stands still for a few minutes, so that only what events touched is measured again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::sync::{mpsc, watch};
use truelevel_engine::assess::AssessRequest;
use truelevel_engine::remembered::{Remembered, Touched};
use truelevel_engine::{EngineError, Talk, Workspace, reference, snapshots};
use truelevel_model::assessment::Assessment;
use truelevel_model::course::Courses;
use truelevel_model::{Span, Time};
use truelevel_report::reference::Reference;

use crate::problem::Problem;
use crate::scope::Scope;
use crate::writer::Changes;

/// What changes within this time is measured together.
const DEBOUNCE: Duration = Duration::from_millis(250);
/// A narrower answer is not taken for new after so long: windows move.
const LONGEST_AGE: Duration = Duration::from_secs(300);
/// The as-of moves in such steps: it is the end of the one under way, so that whatever was heard of lies before it. With each
/// everything is measured again, since repositories change without a word to us.
const STEP: Span = Span::from_millis(300_000);
/// How often readers are told how far it is.
const BETWEEN_WORDS: Duration = Duration::from_millis(500);
/// Answers that are kept beside that for the whole workspace.
const NARROWER_ANSWERS: usize = 6;
/// Questions that may wait.
const WAITING: usize = 8;
/// Programs and downloads wait for a first answer this long; pages never do.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// An answer and what pages need beside it.
pub(crate) struct Answer {
    /// Its number, from 1: what was made from another one is old.
    pub(crate) number: u64,
    pub(crate) assessment: Assessment,
    /// How everything went; empty for a stored answer.
    pub(crate) courses: Courses,
    pub(crate) reference: Reference,
    pub(crate) measured_at: Time,
}

/// Where measuring stands with a question.
#[derive(Clone)]
pub(crate) enum Standing {
    /// The first answer is not there yet.
    Pending,
    /// There is none.
    Nothing(Trouble),
    /// The last answer.
    Ready(Arc<Answer>),
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// There is nothing to measure yet.
    Empty(String),
    /// What is asked about does not exist.
    Unknown(String),
    /// It failed; the log says more.
    Failed(String),
}

/// What is known of a question.
pub(crate) struct Looked {
    pub(crate) standing: Standing,
    /// What is being done or went wrong since, in a sentence; empty when the answer is the last word.
    pub(crate) status: &'static str,
}

struct Entry {
    standing: Standing,
    /// The last attempt failed, and the answer is that of an earlier one.
    has_failed: bool,
    /// The state of facts that it was measured from.
    facts: u64,
    measured: Instant,
    asked: Instant,
}

#[derive(Default)]
struct Entries {
    known: BTreeMap<Scope, Entry>,
    under_way: BTreeSet<Scope>,
}

/// Where answers are looked up and asked for.
pub(crate) struct Board {
    entries: Mutex<Entries>,
    asked: mpsc::Sender<Scope>,
    events: Changes,
    /// Counts what changed in other ways than by events.
    changes: watch::Sender<u64>,
    told: watch::Sender<u64>,
    progress: watch::Sender<String>,
}

impl Board {
    /// Starts to measure. `events` tells of changes of facts by events.
    pub(crate) fn start(
        runtime: &tokio::runtime::Handle,
        workspace: Workspace,
        events: Changes,
        clock: fn() -> Time,
    ) -> Arc<Self> {
        let (asked, questions) = mpsc::channel(WAITING);
        let board = Arc::new(Self {
            entries: Mutex::default(),
            asked,
            events,
            changes: watch::channel(0).0,
            told: watch::channel(0).0,
            progress: watch::channel(String::new()).0,
        });
        runtime.spawn(keep_measured(Arc::clone(&board), workspace, questions, clock));
        board
    }

    /// What is known now; asks for an answer where there is none or an old one.
    pub(crate) fn look(&self, scope: &Scope) -> Result<Looked, Problem> {
        let facts = self.facts();
        let mut entries = self.entries();
        if scope.team.is_some() && !matches!(entries.standing(&Scope::default()), Standing::Ready(_)) {
            // Who belongs to a team is known once everything was measured.
            return Ok(Looked { standing: entries.standing(&Scope::default()), status: "" });
        }
        let standing = entries.standing(scope);
        let entry = entries.known.get_mut(scope);
        let has_failed = entry.as_ref().is_some_and(|entry| entry.has_failed);
        let is_old = entry.is_none_or(|entry| {
            entry.asked = Instant::now();
            entry.is_old(scope, facts)
        });
        if is_old && !scope.is_whole() && !entries.under_way.contains(scope) {
            match self.asked.try_send(scope.clone()) {
                Ok(()) => drop(entries.under_way.insert(scope.clone())),
                Err(_) if matches!(standing, Standing::Pending) => return Err(Problem::busy()),
                Err(_) => {}
            }
        }
        let is_under_way = entries.under_way.contains(scope) || is_old;
        let status = match (is_under_way, has_failed) {
            (true, _) => "A newer answer is being measured.",
            (false, true) => "The last attempt to measure failed; these are the numbers before it.",
            (false, false) => "",
        };
        // Facts came since there was nothing.
        let standing = if is_old && matches!(standing, Standing::Nothing(Trouble::Empty(_))) && scope.is_whole() {
            Standing::Pending
        } else {
            standing
        };
        Ok(Looked { standing, status })
    }

    /// The last answer; waits for the first one.
    pub(crate) async fn answer(&self, scope: &Scope) -> Result<Arc<Answer>, Problem> {
        let mut told = self.told.subscribe();
        let waited = tokio::time::timeout(LONGEST_WAIT, async {
            loop {
                match self.look(scope)?.standing {
                    Standing::Ready(answer) => return Ok(answer),
                    Standing::Nothing(trouble) => return Err(trouble.into()),
                    Standing::Pending => {
                        let _ = told.changed().await;
                    }
                }
            }
        });
        waited.await.unwrap_or_else(|_| Err(Problem::not_yet("the first answer is being measured")))
    }

    /// The team that a service belongs to, once that is known.
    pub(crate) fn team_of(&self, service: &str) -> Result<Option<String>, Problem> {
        let Standing::Ready(answer) = self.entries().standing(&Scope::default()) else {
            return Err(Problem::not_yet("who belongs to which team is being measured"));
        };
        let found = answer.assessment.each_service().find(|found| found.service == service);
        Ok(found.and_then(|found| found.team.clone()))
    }

    /// The teams of the whole workspace, by name, as far as it is measured.
    pub(crate) fn teams(&self) -> Vec<String> {
        match self.entries().standing(&Scope::default()) {
            Standing::Ready(answer) => answer.assessment.teams.iter().map(|team| team.team.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// Something changed that no event told of.
    pub(crate) fn tell_of_a_change(&self) {
        self.events.touch(Touched::anything());
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Counts answers, as they come.
    pub(crate) fn told(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    /// What is being done, in a sentence; empty while nothing is.
    pub(crate) fn progress(&self) -> watch::Receiver<String> {
        self.progress.subscribe()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Whoever panicked while holding it left whole entries behind.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts(&self) -> u64 {
        *self.events.count.borrow() + *self.changes.borrow()
    }

    /// Ends when the whole workspace is to be measured again.
    async fn is_due(&self, last: Option<Measured>) {
        let Some(last) = last else { return };
        tokio::time::sleep_until(last.rest_until.into()).await;
        // What changed meanwhile has waited long enough for more to come.
        if self.facts() != last.facts {
            return;
        }
        let (mut events, mut changes) = (self.events.count.clone(), self.changes.subscribe());
        let changed = async {
            while self.facts() == last.facts {
                tokio::select! {
                    Ok(()) = events.changed() => {}
                    Ok(()) = changes.changed() => {}
                    else => std::future::pending().await,
                }
            }
            tokio::time::sleep(DEBOUNCE).await;
        };
        tokio::select! {
            () = changed => {}
            // Else the next event would wait until everything is measured for the new as-of.
            () = tokio::time::sleep_until(last.step_ends.into()) => {}
        }
    }

    fn keep(&self, scope: &Scope, facts: u64, standing: Standing) {
        let mut entries = self.entries();
        entries.under_way.remove(scope);
        let now = Instant::now();
        let before = entries.known.remove(scope);
        let asked = before.as_ref().map_or(now, |entry| entry.asked);
        let has_failed = matches!(standing, Standing::Nothing(Trouble::Failed(_)));
        // What is not known of the past will not be there in a moment.
        let standing = match standing {
            Standing::Nothing(Trouble::Empty(says)) if scope.as_of.is_some() => {
                Standing::Nothing(Trouble::Unknown(says))
            }
            standing => standing,
        };
        // The last answer is better than none.
        let standing = match (standing, before.map(|entry| entry.standing)) {
            (Standing::Nothing(Trouble::Failed(_)), Some(answer @ Standing::Ready(_))) => answer,
            (standing, _) => standing,
        };
        entries.known.insert(scope.clone(), Entry { standing, has_failed, facts, measured: now, asked });
        while entries.known.len() > NARROWER_ANSWERS + 1 {
            let others = entries.known.iter().filter(|(scope, _)| !scope.is_whole());
            let Some(oldest) = others.min_by_key(|(_, entry)| entry.asked).map(|(scope, _)| scope.clone()) else {
                break;
            };
            entries.known.remove(&oldest);
        }
        drop(entries);
        self.told.send_modify(|told| *told += 1);
    }

    /// The services that a question is about; none for all of them.
    fn services(&self, scope: &Scope) -> Result<Vec<String>, Trouble> {
        if let Some(service) = &scope.service {
            return Ok(vec![service.clone()]);
        }
        let Some(team) = &scope.team else { return Ok(Vec::new()) };
        let Standing::Ready(answer) = self.entries().standing(&Scope::default()) else { return Ok(Vec::new()) };
        let services = answer.assessment.each_service().filter(|service| service.team.as_ref() == Some(team));
        let services: Vec<String> = services.map(|service| service.service.clone()).collect();
        let unknown =
            || Trouble::Unknown(format!("no service belongs to a team `{}`", truelevel_model::printable(team)));
        if services.is_empty() { Err(unknown()) } else { Ok(services) }
    }
}

impl Entries {
    fn standing(&self, scope: &Scope) -> Standing {
        self.known.get(scope).map_or(Standing::Pending, |entry| entry.standing.clone())
    }
}

impl Entry {
    fn is_old(&self, scope: &Scope, facts: u64) -> bool {
        let ages = scope.as_of.is_none() && !scope.is_whole();
        scope.snapshot.is_none() && (self.facts != facts || (ages && self.measured.elapsed() > LONGEST_AGE))
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Empty(says) => Self::not_yet(&says),
            Trouble::Unknown(says) => Self::new(StatusCode::NOT_FOUND, says),
            Trouble::Failed(says) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, says),
        }
    }
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NothingToAssess(says) => Self::Empty(says),
            EngineError::Usage(says) => Self::Unknown(says),
            other => {
                tracing::error!(error = %other, "measuring failed");
                Self::Failed("it could not be measured; the log says why".to_owned())
            }
        }
    }
}

/// The last time that the whole workspace was measured.
#[derive(Clone, Copy)]
struct Measured {
    facts: u64,
    took: Duration,
    rest_until: Instant,
    /// When its as-of is over.
    step_ends: Instant,
}

impl Measured {
    /// At most half of the time is spent on measuring, but for a measurement that is long for once: the first one, and one in
    /// which everything moves.
    fn new(facts: u64, (started, clock): (Instant, Time), before: Option<Self>) -> Self {
        let usual = before.map_or(Duration::ZERO, |before| before.took);
        let took = started.elapsed();
        let left = end_of_step(clock).since(clock).millis();
        let step = if left > 0 { left } else { STEP.millis() };
        Self {
            facts,
            took,
            rest_until: Instant::now() + took.min(usual),
            step_ends: started + Duration::from_millis(step.unsigned_abs()),
        }
    }
}

async fn keep_measured(
    board: Arc<Board>,
    workspace: Workspace,
    mut questions: mpsc::Receiver<Scope>,
    clock: fn() -> Time,
) {
    let mut measurer = Measurer { workspace, remembered: Remembered::default() };
    let mut last: Option<Measured> = None;
    let mut number = 0;
    loop {
        let scope = tokio::select! {
            Some(scope) = questions.recv() => scope,
            () = board.is_due(last) => Scope::default(),
        };
        let (started, started_at, facts) = (Instant::now(), clock(), board.facts());
        measurer.remembered.touch(board.events.take_touched());
        number += 1;
        let measured = match board.services(&scope) {
            Ok(services) => {
                let (asked, words) = (scope.clone(), Words::new(board.progress.clone()));
                let measured = tokio::task::spawn_blocking(move || {
                    let measured = measurer.measure(&asked, services, number, started_at, &words);
                    (measurer, measured)
                });
                let Ok((back, measured)) = measured.await else {
                    tracing::error!("measuring ended with a bug; the last answers stand");
                    return;
                };
                measurer = back;
                measured.map_err(Trouble::from)
            }
            Err(trouble) => Err(trouble),
        };
        let seconds = started.elapsed().as_secs_f64();
        if scope.is_whole() {
            last = Some(Measured::new(facts, (started, started_at), last));
        }
        let standing = match measured {
            Ok(answer) => {
                tracing::info!(services = answer.assessment.services.len(), seconds, "measured");
                Standing::Ready(Arc::new(answer))
            }
            Err(trouble) => {
                tracing::info!(?trouble, seconds, "there is no answer");
                Standing::Nothing(trouble)
            }
        };
        board.keep(&scope, facts, standing);
        board.progress.send_replace(String::new());
    }
}

/// What measures, and what it measured last.
struct Measurer {
    workspace: Workspace,
    remembered: Remembered,
}

impl Measurer {
    fn measure(
        &mut self,
        scope: &Scope,
        services: Vec<String>,
        number: u64,
        clock: Time,
        talk: &Words,
    ) -> Result<Answer, EngineError> {
        let workspace = &mut self.workspace;
        let ((assessment, courses), measured_at) = match scope.snapshot {
            Some(snapshot) => {
                let unknown = || EngineError::Usage(format!("there is no snapshot {snapshot}"));
                let heads = snapshots::list(workspace)?;
                let head = heads.iter().find(|head| head.number == snapshot).ok_or_else(unknown)?;
                ((snapshots::read(workspace, snapshot)?.ok_or_else(unknown)?, Courses::default()), head.taken_at)
            }
            None => {
                let (as_of, window_days, now) = (scope.as_of, scope.window_days, end_of_step(clock));
                let request = AssessRequest { as_of, now, window_days, edition: None, services };
                (self.remembered.assess(workspace, &request, talk)?, clock)
            }
        };
        let reference = reference(workspace, &assessment.edition)?;
        Ok(Answer { number, assessment, courses, reference, measured_at })
    }
}

/// The end of the step under way.
const fn end_of_step(at: Time) -> Time {
    let into = at.millis().rem_euclid(STEP.millis());
    if into == 0 { at } else { Time::from_millis(at.millis() - into + STEP.millis()) }
}

/// Tells readers how far it is, now and then.
struct Words {
    progress: watch::Sender<String>,
    told_at: Mutex<Instant>,
}

impl Words {
    fn new(progress: watch::Sender<String>) -> Self {
        Self { progress, told_at: Mutex::new(Instant::now()) }
    }
}

impl Talk for Words {
    fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.elapsed() < BETWEEN_WORDS {
            return;
        }
        *told_at = Instant::now();
        let far = match (done, total) {
            (0, None) => String::new(),
            (done, None) => format!(", {done}"),
            (done, Some(total)) => format!(", {done} of {total}"),
        };
        self.progress.send_replace(format!("Measuring: {what}{far}"));
    }
}
