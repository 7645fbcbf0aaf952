//! Measuring again with the least work: what no fact touched is taken over as it was measured.
//!
//! What is measured of a service follows from its own facts, from those of its repositories, and from what all services
//! share: the as-of, the window, the configuration, and what the repositories hold. While these stay as they are, only
//! the services that facts touched are measured again, and all are put together anew. The answer is the one that
//! measuring everything would give. Whatever may concern every service has everything measured.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::prelude::*;
use truelevel_model::assessment::Assessment;
use truelevel_model::course::{Course, Courses};
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::events::Reading;
use truelevel_model::facts::Facts;
use truelevel_model::{Deployment, ServiceId, Shared, SourceId};

use crate::activity::{stands_for, unplaced};
use crate::assess::{
    AssessRequest, Beside, Measured, Prepared, assess_with_courses, is_asked, prepare, refuse_emptiness, refuse_unknown,
};
use crate::matching::{Matched, Service, services, set_aside};
use crate::platform::PlatformFacts;
use crate::sources::sources;
use crate::{EngineError, Talk, Workspace};

/// What facts that were written may concern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Services that deployments name.
    deployed: BTreeSet<ServiceId>,
    has_incidents: bool,
    /// Reviews or pipeline runs.
    has_work: bool,
    /// What may concern every service.
    has_more: bool,
}

impl Touched {
    /// It may be anything.
    pub fn anything() -> Self {
        Self { has_more: true, ..Self::default() }
    }

    /// What an event says.
    pub fn by(reading: &Reading) -> Self {
        let Facts {
            deployments,
            reviews,
            pipeline_runs,
            incidents,
            declarations,
            gate_answers,
            services,
            incident_links,
            evidence,
            ai_usage,
        } = &reading.facts;
        Self {
            deployed: deployments.iter().map(|deployment| deployment.service.clone()).collect(),
            has_incidents: !incidents.is_empty() || !reading.resolutions.is_empty(),
            has_work: !reviews.is_empty() || !pipeline_runs.is_empty(),
            has_more: !declarations.is_empty()
                || !gate_answers.is_empty()
                || !services.is_empty()
                || !incident_links.is_empty()
                || !evidence.is_empty()
                || !ai_usage.is_empty(),
        }
    }

    /// Adds what else was touched.
    pub fn and(&mut self, other: Self) {
        self.deployed.extend(other.deployed);
        self.has_incidents |= other.has_incidents;
        self.has_work |= other.has_work;
        self.has_more |= other.has_more;
    }
}

/// Answers one question after the other about a workspace, and remembers what it measured last.
#[derive(Default)]
pub struct Remembered {
    last: Option<Last>,
    touched: Touched,
}

/// Everything as it was measured last.
struct Last {
    prepared: Prepared,
    /// One for each service, in their order.
    measured: Vec<Measured>,
}

impl Remembered {
    /// Notes what was written since the last question. Facts that somebody else wrote are seen when the as-of moves.
    pub fn touch(&mut self, touched: Touched) {
        self.touched.and(touched);
    }

    /// Answers as [`assess_with_courses`] does. A question for `now` that names services is answered as of the instant for
    /// which everything was measured last.
    pub fn assess(
        &mut self,
        workspace: &mut Workspace,
        request: &AssessRequest,
        talk: &dyn Talk,
    ) -> Result<(Assessment, Courses), EngineError> {
        let is_usual = request.as_of.is_none() && request.window_days.is_none() && request.edition.is_none();
        let is_about_all = request.services.is_empty();
        if !is_usual || (self.last.is_none() && !is_about_all) {
            return assess_with_courses(workspace, request, talk);
        }
        let now = match &self.last {
            Some(last) if !is_about_all => last.prepared.end(),
            _ => request.now,
        };
        // What fails on the way is measured anew next time.
        let last = self.last.take().filter(|last| last.prepared.end() == now);
        let touched = std::mem::take(&mut self.touched);
        let brought_up = last.map(|last| last.bring_up(workspace, &touched, talk)).transpose()?.flatten();
        let last = match brought_up {
            Some(last) => last,
            None => Last::measure(workspace, &AssessRequest { now, services: Vec::new(), ..request.clone() }, talk)?,
        };
        let last = self.last.insert(last);
        refuse_unknown(&request.services, &last.prepared.services)?;
        let answer = last.answer(workspace, &request.services, talk)?;
        if is_about_all {
            // With what all services together say of each: the next answer shares what stays as it is.
            for (one, service) in last.measured.iter_mut().zip(&answer.0.services) {
                one.result = service.clone();
            }
        }
        Ok(answer)
    }
}

impl Last {
    fn measure(workspace: &mut Workspace, request: &AssessRequest, talk: &dyn Talk) -> Result<Self, EngineError> {
        let prepared = prepare(workspace, request, talk)?;
        let measured = prepared.measure_services(&prepared.services.iter().collect::<Vec<_>>(), talk, true);
        Ok(Self { prepared, measured })
    }

    /// Measures again what was touched; none where that may be everything.
    fn bring_up(
        mut self,
        workspace: &Workspace,
        touched: &Touched,
        talk: &dyn Talk,
    ) -> Result<Option<Self>, EngineError> {
        if *touched == Touched::default() {
            return Ok(Some(self));
        }
        let Some(again) = self.prepared.take_in(workspace, touched)? else { return Ok(None) };
        let mut before: BTreeMap<ServiceId, Measured> =
            self.measured.into_iter().map(|one| (ServiceId::new(one.result.service.as_str()), one)).collect();
        before.retain(|service, _| !again.contains(service));
        let is_new = |service: &&Service| !before.contains_key(&service.id);
        let to_measure: Vec<&Service> = self.prepared.services.iter().filter(is_new).collect();
        let mut newly = self.prepared.measure_services(&to_measure, talk, true).into_iter();
        let measured =
            self.prepared.services.iter().filter_map(|service| before.remove(&service.id).or_else(|| newly.next()));
        self.measured = measured.collect();
        Ok(Some(self))
    }

    fn answer(
        &self,
        workspace: &Workspace,
        names: &[String],
        talk: &dyn Talk,
    ) -> Result<(Assessment, Courses), EngineError> {
        let of_asked: Vec<(&Service, &Measured)> =
            self.prepared.services.iter().zip(&self.measured).filter(|(service, _)| is_asked(names, service)).collect();
        let (asked, measured): (Vec<&Service>, Vec<&Measured>) = of_asked.into_iter().unzip();
        let results = measured.iter().map(|one| one.result.clone()).collect();
        let beside: Vec<&Beside> = measured.iter().map(|one| &one.beside).collect();
        let course = |one: &&Measured| (one.result.service.clone(), one.course.clone().unwrap_or_default());
        let services: BTreeMap<String, Shared<Course>> = measured.iter().map(course).collect();
        let assessment = self.prepared.answer(&asked, results, &beside, talk);
        let initiatives = crate::plan::initiatives(workspace, &assessment)?;
        Ok((assessment, Courses { services, initiatives }))
    }
}

impl Prepared {
    /// Reads what was touched, and answers the services to measure again; none where that may be all of them.
    fn take_in(
        &mut self,
        workspace: &Workspace,
        touched: &Touched,
    ) -> Result<Option<BTreeSet<ServiceId>>, EngineError> {
        if touched.has_more {
            return Ok(None);
        }
        let store = workspace.store.as_ref();
        let mut again = touched.deployed.clone();
        if touched.has_incidents {
            let Some(named) = self.activity.take_incidents(store.incidents()?) else { return Ok(None) };
            again.extend(named);
        }
        if touched.has_work {
            let work = (store.reviews()?, store.pipeline_runs()?);
            let (places, elsewhere) = self.activity.take_work(work, &self.collected.repositories);
            let is_wanted = |service: &Service| {
                service.repository.is_none()
                    && elsewhere.iter().any(|reported| stands_for(reported, &service.wanted_repository))
            };
            let is_of =
                |service: &&Service| service.places().any(|place| places.contains(&place)) || is_wanted(service);
            again.extend(self.services.iter().filter(is_of).map(|service| service.id.clone()));
        }
        if !touched.deployed.is_empty() {
            again.extend(self.match_again(workspace, &touched.deployed)?);
            if self.activity.find_lost(&self.services) {
                return Ok(None);
            }
        }
        self.activity.count_quarantined(store)?;
        let config = &workspace.config.golden_paths;
        let platform = PlatformFacts::gather(config, &self.collected, &self.services, &self.detected, &self.activity)?;
        let known = (self.services.as_slice(), self.collected.repositories.as_slice());
        (self.sources, self.unplaced) = rayon::join(
            || sources(&self.services, &self.activity, self.window),
            || unplaced(&self.activity, &self.own, &platform, known),
        );
        let is_same = self.platform.looks_for_the_same(&platform);
        Ok(is_same.then_some(again))
    }

    /// Takes in the deployments of services, and answers which services these or what they are matched with changed.
    fn match_again(
        &mut self,
        workspace: &Workspace,
        deployed: &BTreeSet<ServiceId>,
    ) -> Result<BTreeSet<ServiceId>, EngineError> {
        let before: BTreeMap<ServiceId, Matched> =
            self.services.iter().map(|service| (service.id.clone(), service.matched(self.window))).collect();
        let mut known: BTreeMap<ServiceId, Vec<Deployment>> = std::mem::take(&mut self.services)
            .into_iter()
            .chain(std::mem::take(&mut self.set_aside))
            .filter(|service| service.deployment_data != DeploymentData::ReleaseTags)
            .map(|service| (service.id, service.deployments))
            .collect();
        // What never ran in production may do so now, or have given its deployments away.
        let outside = self.outside_production.iter().map(|outside| outside.service().clone()).collect();
        known.extend(read_again(workspace, &outside)?);
        let mut again = deployed.clone();
        let read = read_again(workspace, deployed)?;
        // A deployment that is now another service's is gone from the one that it was of.
        again.extend(losers(&known, &read));
        known.extend(read);
        let lost: BTreeSet<ServiceId> = again.difference(deployed).cloned().collect();
        known.extend(read_again(workspace, &lost)?);
        known.retain(|_, deployments| !deployments.is_empty());
        let (repositories, records) = (&self.collected.repositories, workspace.store.service_records()?);
        (self.services, self.outside_production) =
            services(&workspace.config, repositories, known.into_values().collect(), &records);
        refuse_emptiness(&self.collected, &self.services, self.window)?;
        self.set_aside = set_aside(&mut self.services, repositories, &workspace.config, &[], self.window);
        let is_other = |service: &&Service| before.get(&service.id) != Some(&service.matched(self.window));
        again.extend(self.services.iter().filter(is_other).map(|service| service.id.clone()));
        Ok(again)
    }
}

fn read_again(
    workspace: &Workspace,
    services: &BTreeSet<ServiceId>,
) -> Result<BTreeMap<ServiceId, Vec<Deployment>>, EngineError> {
    let services: Vec<ServiceId> = services.iter().cloned().collect();
    let read = workspace.store.deployments_of(&services)?;
    Ok(services.into_iter().zip(read).collect())
}

/// The services that have one of the deployments which others have now.
fn losers(
    known: &BTreeMap<ServiceId, Vec<Deployment>>,
    read: &BTreeMap<ServiceId, Vec<Deployment>>,
) -> BTreeSet<ServiceId> {
    type Key<'a> = (&'a SourceId, &'a str);
    fn key(deployment: &Deployment) -> Key<'_> {
        (&deployment.source, &deployment.id)
    }
    let mut appeared: HashSet<Key<'_>> = read.values().flatten().map(key).collect();
    for deployment in read.keys().filter_map(|service| known.get(service)).flatten() {
        appeared.remove(&key(deployment));
    }
    if appeared.is_empty() {
        return BTreeSet::new();
    }
    let loses = |(service, deployments): (&ServiceId, &Vec<Deployment>)| {
        let is_lost = || deployments.iter().any(|deployment| appeared.contains(&key(deployment)));
        (!read.contains_key(service) && is_lost()).then(|| service.clone())
    };
    known.par_iter().filter_map(loses).collect()
}

#[cfg(test)]
mod tests;
