//! The whole answer for a workspace as of a date.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;
use truelevel_assess::ai::AiRules;
use truelevel_assess::beliefs::{self, Beliefs};
use truelevel_assess::levels::Waiver;
use truelevel_assess::questions::{Standing, ask_service};
use truelevel_assess::roadmap::{Planned, plan};
use truelevel_assess::{Catalog, benchmarks, conditions::Known, levels};
use truelevel_metrics::course::course;
use truelevel_metrics::mainline::Mainline;
use truelevel_metrics::platform::paths::PathDeployment;
use truelevel_model::assessment::{Assessment, Level, Roadmap, SCHEMA, ServiceResult, SourceCoverage, StageResult};
use truelevel_model::course::{Course, Courses};
use truelevel_model::facts::AiUsage;
use truelevel_model::{
    BandRules, Calendar, ChangeIndex, Declaration, EvidenceRecord, Exclusions, GateAnswer, History, Shared, Time,
    Window,
};

use truelevel_sources::git::{AutomationAccounts, ChangeReading};

use crate::activity::{Activity, ActivityIndex, Windows, unplaced};
use crate::architecture::Lockstep;
use crate::collect::{Collected, CollectedRepository, collect};
use crate::config::LONGEST_WINDOW_DAYS;
use crate::evidence::{keep_evidence, reported_evidence};
use crate::left_out::counted;
use crate::matching::{OutsideProduction, Service, services, set_aside};
use crate::measure::{ByService, Detected, MeasuredService, Measuring, detect, mainlines};
use crate::own_rules::OwnRules;
use crate::past::{Past, Summary};
use crate::pitfalls::{Copied, Seen, SwitchedOff, Trace};
use crate::platform::PlatformFacts;
use crate::reading::deployments;
use crate::rollup::{RolledUp, judged};
use crate::sources::sources;
use crate::trends::{ServiceWeeks, trends};
use crate::what_if::Supposed;
use crate::{EngineError, Talk, Workspace, turning};

/// What is asked.
#[derive(Clone, Debug)]
pub struct AssessRequest {
    /// The instant to answer for; now, when absent.
    pub as_of: Option<Time>,
    /// What time it is.
    pub now: Time,
    /// The length of the window, where it is not the workspace's.
    pub window_days: Option<u32>,
    /// The benchmark edition, where it is not the workspace's.
    pub edition: Option<String>,
    /// Only these services; all when empty.
    pub services: Vec<String>,
}

/// A workspace whose facts are read and whose services are known, ready to be measured.
pub struct Prepared {
    pub(crate) catalog: Catalog,
    pub(crate) window: Window,
    pub(crate) bands: BandRules,
    pub(crate) calendar: Calendar,
    pub(crate) name: String,
    pub(crate) collected: Collected,
    pub(crate) services: Vec<Service>,
    /// These are all services of the workspace.
    is_about_all: bool,
    /// What is deployed, and never to production.
    pub(crate) outside_production: Vec<OutsideProduction>,
    /// Services that are not in question: taken out of production before the window, or not known yet at its end.
    pub(crate) set_aside: Vec<Service>,
    pub(crate) mainlines: Vec<Option<Mainline>>,
    /// The default branches as of the start of the window; made when the window before it is measured.
    mainlines_before: OnceLock<Vec<Option<Mainline>>>,
    pub(crate) detected: Vec<Detected>,
    pub(crate) own: OwnRules,
    declarations: Vec<Declaration>,
    gate_answers: Vec<GateAnswer>,
    pub(crate) reported: ByService<EvidenceRecord>,
    pub(crate) activity: Activity,
    /// Who told of what happened to any service of the workspace.
    pub(crate) sources: Vec<SourceCoverage>,
    /// What is said of no service of the workspace.
    pub(crate) unplaced: Vec<String>,
    pub(crate) platform: PlatformFacts,
    /// Changes of the window that move nothing but space, by repository.
    only_space: Vec<BTreeSet<ChangeIndex>>,
    /// What is put in the place of what is known.
    pub(crate) supposed: Supposed,
    pub(crate) ai: AiRules,
    /// How many people used assistants.
    pub(crate) ai_usage: Vec<AiUsage>,
    past: Past,
}

/// Collects, measures and assesses.
pub fn assess(workspace: &mut Workspace, request: &AssessRequest, talk: &dyn Talk) -> Result<Assessment, EngineError> {
    let prepared = prepare(workspace, request, talk)?;
    Ok(prepared.assess(talk))
}

/// The same, with how each service went: what pages draw beside the numbers.
pub fn assess_with_courses(
    workspace: &mut Workspace,
    request: &AssessRequest,
    talk: &dyn Talk,
) -> Result<(Assessment, Courses), EngineError> {
    let prepared = prepare(workspace, request, talk)?;
    let all: Vec<&Service> = prepared.services.iter().collect();
    let measured = prepared.measure_services(&all, talk, true);
    let (mut services, mut results, mut beside) = (BTreeMap::new(), Vec::new(), Vec::new());
    for one in measured {
        services.insert(one.result.service.clone(), one.course.unwrap_or_default());
        results.push(one.result);
        beside.push(one.beside);
    }
    let assessment = prepared.answer(&all, results, &beside.iter().collect::<Vec<_>>(), talk);
    let initiatives = crate::plan::initiatives(workspace, &assessment)?;
    Ok((assessment, Courses { services, initiatives }))
}

/// From so many services on it is worth while to prepare the window before along with the one that is judged.
const MANY: usize = 8;

/// Reads everything that measuring needs.
pub fn prepare(workspace: &mut Workspace, request: &AssessRequest, talk: &dyn Talk) -> Result<Prepared, EngineError> {
    let catalog = workspace.catalog()?;
    let days = request.window_days.unwrap_or(workspace.config.window_days);
    if !(1..=LONGEST_WINDOW_DAYS).contains(&days) {
        return Err(EngineError::Usage(format!("a window of {days} days; allowed are 1 to {LONGEST_WINDOW_DAYS}")));
    }
    let edition = request.edition.clone().or_else(|| workspace.config.edition.clone());
    let bands = benchmarks::edition(edition.as_deref().unwrap_or(benchmarks::DEFAULT_EDITION))?
        .band_rules(workspace.config.calendar.working_days_per_week())?;
    let window = Window::ending(request.as_of.unwrap_or(request.now), days);

    let mut collected = collect(workspace, talk)?;
    if window.end > request.now {
        collected
            .warnings
            .push(format!("the as-of {} lies in the future: what is not known yet counts as not happened", window.end));
    }
    talk.progress("bringing deployments and services together", 0, None);
    let records = workspace.store.service_records()?;
    let (mut services, outside_production) =
        services(&workspace.config, &collected.repositories, deployments(workspace)?, &records);
    refuse_emptiness(&collected, &services, window)?;
    refuse_unknown(&request.services, &services)?;
    let set_aside = set_aside(&mut services, &collected.repositories, &workspace.config, &request.services, window);
    talk.progress("looking at files", 0, None);
    let detected = detect(&collected.repositories, &workspace.config.own.practices, window.end, talk);
    if workspace.is_kept() {
        keep_evidence(workspace, &collected.repositories, &detected)?;
    }
    let activity = Activity::read(workspace, &services)?;
    let platform = PlatformFacts::gather(&workspace.config.golden_paths, &collected, &services, &detected, &activity)?;
    let own = &workspace.config.own;
    let (unplaced, sources) = rayon::join(
        || unplaced(&activity, own, &platform, (&services, &collected.repositories)),
        || sources(&services, &activity, window),
    );
    // The organisation's golden paths are its own whichever of its services are asked about.
    services.retain(|service| is_asked(&request.services, service));
    let mut prepared = Prepared {
        mainlines: mainlines(&collected.repositories, window.end),
        mainlines_before: OnceLock::new(),
        detected,
        own: workspace.config.own.clone(),
        gate_answers: workspace.store.gate_answers()?,
        reported: ByService::new(reported_evidence(workspace.store.evidence()?, window.end), |record| {
            record.service.clone().map(|service| vec![service])
        }),
        activity,
        sources,
        unplaced,
        platform,
        only_space: Vec::new(),
        supposed: Supposed::default(),
        ai: AiRules::embedded()?,
        ai_usage: workspace.store.ai_usage()?,
        past: Past::read(workspace, window.end)?,
        declarations: workspace.store.declarations()?,
        name: workspace.name(),
        catalog,
        window,
        bands,
        calendar: workspace.config.calendar.clone(),
        services,
        is_about_all: request.services.is_empty(),
        outside_production,
        set_aside,
        collected,
    };
    prepared.look_closer(workspace)?;
    prepared.only_space = only_space(&prepared.collected.repositories, window);
    Ok(prepared)
}

/// Changes of a window that move nothing but space, by repository: those of a few lines, the newest ones.
fn only_space(repositories: &[CollectedRepository], window: Window) -> Vec<BTreeSet<ChangeIndex>> {
    const FEW_LINES: u32 = 20;
    const NEWEST: usize = 2_000;
    let of = |repository: &CollectedRepository| {
        let Some(git) = &repository.git else { return BTreeSet::new() };
        let history = &repository.history;
        let is_small = |change: &ChangeIndex| {
            window.contains(history.committed_at(*change))
                && history.size(*change).is_some_and(|size| size.files > 0 && size.lines <= FEW_LINES)
        };
        let mut small: Vec<ChangeIndex> = history.indices().filter(is_small).collect();
        small.sort_by_key(|change| std::cmp::Reverse((history.committed_at(*change), *change)));
        small.truncate(NEWEST);
        git.only_space(history, &small)
    };
    repositories.par_iter().map(of).collect()
}

/// Refuses names that no service has.
pub(crate) fn refuse_unknown(names: &[String], services: &[Service]) -> Result<(), EngineError> {
    let known = || services.iter().map(|service| service.id.as_str().to_owned()).collect::<BTreeSet<String>>();
    match names.iter().find(|name| services.iter().all(|service| service.id.as_str() != name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(EngineError::Usage(format!(
            "there is no service `{}`; known: {}",
            truelevel_model::printable(unknown),
            first_names(&known())
        ))),
    }
}

/// Whether a service is among the names that are asked about; none asks about all.
pub(crate) fn is_asked(names: &[String], service: &Service) -> bool {
    names.is_empty() || names.iter().any(|name| name == service.id.as_str())
}

pub(crate) fn first_names(names: &BTreeSet<String>) -> String {
    let shown: Vec<_> = names.iter().take(8).map(|name| truelevel_model::printable(name).into_owned()).collect();
    let more = names.len().saturating_sub(shown.len());
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

pub(crate) fn refuse_emptiness(collected: &Collected, services: &[Service], window: Window) -> Result<(), EngineError> {
    let newest = collected.repositories.iter().map(|repository| repository.history.len()).max().unwrap_or(0);
    if services.is_empty() || newest == 0 && services.iter().all(|service| service.deployments.is_empty()) {
        let reasons = collected.warnings.join("; ");
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {reasons}") };
        return Err(EngineError::NothingToAssess(format!(
            "{}{reasons}",
            if newest == 0 { "there are no commits and no facts" } else { "there is no service" }
        )));
    }
    let has_head = collected.repositories.iter().any(|repository| repository.head_as_of(window.end).is_some());
    let has_deployment =
        services.iter().flat_map(|service| &service.deployments).any(|deployment| deployment.finished_at <= window.end);
    if !has_head && !has_deployment {
        let oldest = collected
            .repositories
            .iter()
            .flat_map(|repository| repository.history.indices().map(|change| repository.history.committed_at(change)))
            .min();
        let oldest = oldest.map(|at| format!("; the oldest commit is from {}", at.date())).unwrap_or_default();
        return Err(EngineError::NothingToAssess(format!("nothing is known as of {}{oldest}", window.end)));
    }
    Ok(())
}

impl Prepared {
    /// Opens the changes that measuring is about, where a commit-graph file drew the rest; and compares those that were
    /// shipped in the window, where collecting has not.
    fn look_closer(&mut self, workspace: &Workspace) -> Result<(), EngineError> {
        let has_outlines = self
            .collected
            .repositories
            .iter()
            .any(|repository| repository.history.indices().any(|change| repository.history.is_outline(change)));
        if !has_outlines && workspace.is_kept() {
            return Ok(());
        }
        let (windows, weeks) = (self.windows(), self.weeks());
        let now = self.measuring(&windows);
        let further = has_outlines.then(|| (self.measuring_before(&windows), self.measuring_weeks(&windows, &weeks)));
        let further: Vec<_> = further.into_iter().flat_map(|(before, weeks)| [Some(before), weeks]).flatten().collect();
        let count = self.collected.repositories.len();
        let (mut needed, mut shipped) = (vec![BTreeSet::new(); count], vec![BTreeSet::new(); count]);
        for service in &self.services {
            let Some(place) = service.repository else { continue };
            now.prepare(service, |data| {
                needed[place].extend(data.changes_in_question());
                shipped[place].extend(data.shipped.iter().map(|shipped| shipped.change));
            });
            for measuring in &further {
                needed[place].extend(measuring.prepare(service, |data| data.changes_in_question()));
            }
        }
        let salt = workspace.store.salt()?;
        for (repository, (needed, shipped)) in self.collected.repositories.iter_mut().zip(needed.iter().zip(shipped)) {
            let automation = AutomationAccounts(workspace.config.automation_accounts.clone());
            let reading = ChangeReading {
                salt: &salt,
                automation: &automation,
                known: History::default(),
                needs_details: true,
                progress: &|_, _| {},
            };
            let Some(git) = &repository.git else { continue };
            for (commit, reason) in git.complete(&mut repository.history, needed, &reading) {
                self.collected.warnings.push(format!("{}: commit {commit} cannot be read ({reason})", repository.id));
            }
            if !workspace.is_kept() {
                let shipped: Vec<ChangeIndex> = shipped.into_iter().collect();
                git.measure_sizes(&mut repository.history, &shipped, &|_, _| {});
            }
        }
        Ok(())
    }

    /// What happened around deployments in the window, and in the one before it where somebody asks.
    pub(crate) fn windows(&self) -> Windows<'_> {
        self.windows_of(&self.services.iter().collect::<Vec<_>>())
    }

    /// The same for some of the services.
    fn windows_of<'a>(&'a self, services: &[&'a Service]) -> Windows<'a> {
        let now = || self.activity.index(&self.collected.repositories, &self.mainlines, services, self.window);
        let services = services.to_vec();
        // Of many services some ask for the window before, and would wait for it.
        if services.len() < MANY {
            return Windows { now: now(), before: OnceLock::new(), services };
        }
        let (now, before) = rayon::join(now, || self.index_before(&services));
        Windows { now, before: OnceLock::from(before), services }
    }

    /// What happened in the window before.
    fn index_before<'a>(&'a self, services: &[&'a Service]) -> ActivityIndex<'a> {
        let window = self.window_before();
        let mainlines = self.mainlines_before.get_or_init(|| mainlines(&self.collected.repositories, window.end));
        self.activity.index(&self.collected.repositories, mainlines, services, window)
    }

    const fn window_before(&self) -> Window {
        Window::ending(self.window.start, self.window.days)
    }

    /// The as-of.
    pub(crate) const fn end(&self) -> Time {
        self.window.end
    }

    pub(crate) fn measuring<'a>(&'a self, windows: &'a Windows<'_>) -> Measuring<'a> {
        Measuring {
            repositories: &self.collected.repositories,
            mainlines: &self.mainlines,
            detected: &self.detected,
            own_practices: &self.own.practices,
            reported: &self.reported,
            activity: &windows.now,
            golden_paths: self.platform.looked_for(),
            window: self.window,
            bands: &self.bands,
            calendar: &self.calendar,
        }
    }

    /// The same one window earlier, by facts alone.
    fn measuring_before<'a, 'w: 'a>(&'w self, windows: &'a Windows<'w>) -> Measuring<'a> {
        let window = self.window_before();
        let activity = windows.before.get_or_init(|| self.index_before(&windows.services));
        let mainlines = self.mainlines_before.get_or_init(|| mainlines(&self.collected.repositories, window.end));
        Measuring { mainlines, activity, window, ..self.measuring(windows) }
    }

    /// Measures every service and judges all of them.
    pub fn assess(&self, talk: &dyn Talk) -> Assessment {
        let all: Vec<&Service> = self.services.iter().collect();
        let measured = self.measure_services(&all, talk, false);
        let (results, beside): (Vec<_>, Vec<_>) = measured.into_iter().map(|one| (one.result, one.beside)).unzip();
        self.answer(&all, results, &beside.iter().collect::<Vec<_>>(), talk)
    }

    /// Measures and judges some of the services, in their order.
    pub(crate) fn measure_services(&self, services: &[&Service], talk: &dyn Talk, with_courses: bool) -> Vec<Measured> {
        let windows = self.windows_of(services);
        let measuring = self.measuring(&windows);
        let web_addresses = self.web_addresses();
        let (weeks, total) = (self.weeks(), Some(services.len() as u64));
        services
            .par_iter()
            .enumerate()
            .map(|(place, service)| {
                talk.progress("measuring services", place as u64, total);
                measuring.measure(service, |data, measured| {
                    let (result, tally) = self.judge(service, &measured, &windows, &web_addresses);
                    let path_deployments = self.platform.deployments(&data);
                    let only_space = service.repository.and_then(|place| self.only_space.get(place));
                    let tally = Tally { trace: Trace::of(&data, only_space), path_deployments, ..tally };
                    let course = with_courses.then(|| course(&data));
                    let weeks = ServiceWeeks::of(data, &weeks);
                    let course = course.map(|course| Course { trends: weeks.trends_of_keys(), ..course }.into());
                    Measured { result: result.into(), beside: Beside { tally, weeks }, course }
                })
            })
            .collect()
    }

    /// Whether some services are all of the workspace.
    pub(crate) fn is_whole(&self, asked: &[&Service]) -> bool {
        self.is_about_all && asked.len() == self.services.len()
    }

    /// Where repositories are read on the web, by id.
    pub(crate) fn web_addresses(&self) -> BTreeMap<String, String> {
        let repositories = self.collected.repositories.iter();
        let found = repositories
            .filter_map(|repository| Some((repository.id.as_str().to_owned(), repository.web_address.clone()?)));
        found.collect()
    }

    /// Puts together what some services come to: `results` and what stands beside them, in the order of the services.
    pub(crate) fn answer(
        &self,
        asked: &[&Service],
        mut results: Vec<Shared<ServiceResult>>,
        beside: &[&Beside],
        talk: &dyn Talk,
    ) -> Assessment {
        talk.progress("putting services together", 0, None);
        let is_any_active = results.iter().any(|result| result.is_active);
        let known = results.iter().zip(beside).filter(|(result, _)| result.is_active || !is_any_active);
        let known: Vec<&ServiceWeeks> = known.map(|(_, beside)| &beside.weeks).collect();
        let weeks: Vec<&ServiceWeeks> = beside.iter().map(|beside| &beside.weeks).collect();
        let tallies: Vec<&Tally> = beside.iter().map(|beside| &beside.tally).collect();
        let traces: Vec<&Trace> = tallies.iter().map(|tally| &tally.trace).collect();
        let (lockstep, trends) = rayon::join(|| Lockstep::find(&traces), || trends(&known));
        lockstep.put_beside(&mut results);
        let all = || self.put_together(asked, results.clone(), &tallies, (&traces, &weeks, &lockstep));
        let (all, ai) = rayon::join(all, || self.ai(asked, &results, &weeks));
        Assessment { trends, ai, ..all }
    }

    fn judge<'w>(
        &'w self,
        service: &Service,
        measured: &MeasuredService,
        windows: &Windows<'w>,
        web_addresses: &BTreeMap<String, String>,
    ) -> (ServiceResult, Tally) {
        let measured_before = OnceCell::new();
        let look_before = || Some(self.supposed.before(self.measuring_before(windows).before(service)?));
        let before = || measured_before.get_or_init(look_before).as_ref();
        let (detections, metrics) =
            (self.supposed.detections(&measured.detections), self.supposed.metrics(&measured.metrics));
        let provable_by = |practice: &str, grade| {
            let places = service.repository.iter().chain(&service.deployed_from);
            let pipelines = places.flat_map(|place| &self.detected[*place].pipelines);
            crate::exercised::provable_by(practice, grade, detections.get(practice), pipelines)
        };
        let known = Known {
            detections: &detections,
            metrics: &metrics,
            before: &before,
            web_addresses,
            provable_by: &provable_by,
        };
        let exemption = |gate: &str| self.own.exemption(gate, service.id.as_str(), self.window.end);
        let waiver = Waiver { exemption: &exemption, is_supposed: &|gate| self.supposed.is_met(gate) };
        let mut judged = levels::judge_service(&self.catalog, known, service.deployment_data, waiver);
        for stages in [&mut judged.stages, &mut judged.lanes] {
            self.beliefs().put_beside(stages, Some(service.id.as_str()));
        }
        let standing = Standing {
            deployment_data: service.deployment_data,
            has_repository: service.repository.is_some(),
            leads_to_commits: measured.unknown_version.is_none()
                && (measured.resolved > 0 || measured.deployments == 0),
        };
        let mut questions = ask_service(&self.catalog, known, standing);
        turning::fill(&self.catalog, &mut questions);
        let repository = |place: usize| self.collected.repositories[place].id.as_str().to_owned();
        let result = ServiceResult {
            service: service.id.as_str().to_owned(),
            team: service.team.clone(),
            repositories: service.repository.into_iter().map(repository).collect(),
            deployment_data: service.deployment_data,
            is_active: measured.is_active,
            level: levels::lowest(&judged.stages),
            stages: judged.stages,
            lanes: judged.lanes,
            metrics: metrics.iter().map(|(id, value)| ((*id).to_owned(), value.clone())).collect(),
            environments: measured.environments.clone(),
            questions,
            exclusions: counted(&measured.exclusions),
        };
        let tally = Tally {
            deployments: measured.deployments,
            resolved: measured.resolved,
            has_repository: service.repository.is_some(),
            unknown_version: measured.unknown_version.clone(),
            is_baseline_unknown: measured.is_baseline_unknown,
            causes_elsewhere: measured.causes_elsewhere.clone(),
            trace: Trace::default(),
            path_deployments: Vec::new(),
            exclusions: measured.exclusions.clone(),
        };
        (result, tally)
    }

    fn beliefs(&self) -> Beliefs<'_> {
        Beliefs { declarations: &self.declarations, answers: &self.gate_answers, as_of: self.window.end }
    }

    fn put_together(
        &self,
        asked: &[&Service],
        services: Vec<Shared<ServiceResult>>,
        tallies: &[&Tally],
        (traces, weeks, lockstep): (&[&Trace], &[&ServiceWeeks], &Lockstep<'_>),
    ) -> Assessment {
        let judged = judged(services.iter().map(|service| &**service));
        let RolledUp { level, limiting_stages, mut stages, mut lanes, metrics } = self.roll_up(&judged);
        if judged.len() != 1 {
            self.beliefs().put_beside(&mut stages, None);
            self.beliefs().put_beside(&mut lanes, None);
        }
        let belief_gaps = beliefs::gaps(stages.iter().chain(&lanes), &judged);
        // Again, now that what is believed stands beside what is proven.
        let level = truelevel_model::assessment::LevelRange { declared: levels::lowest(&stages).declared, ..level };
        let first_constraint = self.decide(&judged, &stages, &metrics);
        let home_made = self.home_made(asked);
        let roadmap = Roadmap { home_made, ..self.plan(level.proven, &stages, &lanes, &judged) };
        let mut exclusions = Exclusions::default();
        tallies.iter().for_each(|tally| exclusions.merge(&tally.exclusions));
        self.outside_production.iter().for_each(|outside| outside.count_in(self.window, &mut exclusions));
        let threshold = self.catalog.lockstep_share;
        let architecture = lockstep.architecture(&services, self.window.days, threshold);
        let said = self.declarations.iter().filter(|said| said.declared_at <= self.window.end);
        let declarations: Vec<Declaration> = said.cloned().collect();
        let basis = (self.window.days, self.bands.edition.as_str(), self.calendar.zone());
        let ended_exemptions: Vec<String> = self.own.expired(self.window.end).collect();
        let pitfalls = crate::pitfalls::find(&Seen {
            ended_exemptions: &ended_exemptions,
            stages: &stages,
            level,
            services: &services,
            traces,
            weeks,
            declarations: &declarations,
            window_days: self.window.days,
            past: &self.past,
            now: &Summary::new(
                basis,
                stages.iter().chain(&lanes),
                &metrics,
                self.own.ends_of_exemptions(self.window.end),
            ),
            copied: &Copied::among(&self.detected, asked),
            switched_off: &SwitchedOff::among(&self.collected.repositories, &self.detected, asked),
            architecture: architecture.as_ref(),
        });
        let path_deployments = || tallies.iter().map(|tally| tally.path_deployments.as_slice());
        let (teams, (platform, coverage)) = rayon::join(
            || self.teams(&services),
            || {
                let platform = || self.platform(asked, &services, path_deployments());
                rayon::join(platform, || self.coverage(asked, &services, tallies))
            },
        );
        Assessment {
            schema: SCHEMA.to_owned(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            workspace: self.name.clone(),
            as_of: self.window.end,
            window_days: self.window.days,
            edition: self.bands.edition.clone(),
            time_zone: self.calendar.zone().to_owned(),
            level,
            limiting_stages,
            stages,
            lanes,
            belief_gaps,
            metrics,
            trends: BTreeMap::new(),
            teams,
            ai: None,
            platform,
            architecture,
            first_constraint,
            roadmap,
            pitfalls,
            exclusions: counted(&exclusions),
            coverage,
            services,
        }
    }

    fn plan(&self, level: Level, stages: &[StageResult], lanes: &[StageResult], judged: &[&ServiceResult]) -> Roadmap {
        let services = judged.len() as u64;
        let weeks_held = &|gate: &str| self.past.weeks_held(gate);
        plan(&self.catalog, Planned { level, stages, lanes, services, judged, weeks_held, as_of: self.window.end })
    }
}

/// One service, judged.
pub(crate) struct Measured {
    pub(crate) result: Shared<ServiceResult>,
    pub(crate) beside: Beside,
    /// Where it is asked for.
    pub(crate) course: Option<Shared<Course>>,
}

/// What one service adds to the whole beside its result.
pub(crate) struct Beside {
    tally: Tally,
    weeks: ServiceWeeks,
}

/// What one service adds to coverage and to what is found over services.
pub(crate) struct Tally {
    pub(crate) deployments: u64,
    pub(crate) resolved: u64,
    pub(crate) has_repository: bool,
    pub(crate) unknown_version: Option<String>,
    pub(crate) is_baseline_unknown: bool,
    pub(crate) causes_elsewhere: Option<(u64, String)>,
    exclusions: Exclusions,
    trace: Trace,
    path_deployments: Vec<PathDeployment>,
}
