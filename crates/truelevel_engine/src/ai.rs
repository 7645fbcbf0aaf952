//! Signs of AI in changes beside how delivery went, joined into one answer.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_metrics::ai::event_study::{EventRules, event_study};
use truelevel_metrics::ai::weeks::AiWeek;
use truelevel_metrics::ai::{AiService, dose};
use truelevel_metrics::statistics::median;
use truelevel_model::ai::{Ai, AssistantUse, ServiceSigns};
use truelevel_model::assessment::ServiceResult;
use truelevel_model::facts::AiUsage;
use truelevel_model::{Detection, Shared, Span, Time};
use truelevel_report::numbers::count;

use crate::assess::Prepared;
use crate::matching::Service;
use crate::trends::ServiceWeeks;

/// How many services are listed.
const LISTED: usize = 100;

impl Prepared {
    /// The signs over the services; absent where no change is known. `weeks` stands beside the results.
    pub(crate) fn ai(
        &self,
        asked: &[&Service],
        results: &[Shared<ServiceResult>],
        weeks: &[&ServiceWeeks],
    ) -> Option<Ai> {
        let any_is_active = results.iter().any(|result| result.is_active);
        let judged = results.iter().zip(weeks).filter(|(result, _)| result.is_active || !any_is_active);
        let services: Vec<AiService<'_>> = judged.map(|(result, weeks)| of_service(result, &weeks.ai)).collect();
        let changes = services.iter().map(|service| service.changes).sum();
        if changes == 0 {
            return None;
        }
        let signed: u64 = services.iter().map(|service| service.signed).sum();
        let known = services.iter().filter(|service| service.changes > 0);
        let mut by_service: Vec<ServiceSigns> = known
            .clone()
            .map(|service| ServiceSigns {
                service: service.service.to_owned(),
                changes: service.changes,
                signed: service.signed,
            })
            .collect();
        let share = |signs: &ServiceSigns| signs.signed as f64 / signs.changes as f64;
        by_service.sort_by(|a, b| share(b).total_cmp(&share(a)).then_with(|| a.service.cmp(&b.service)));
        by_service.truncate(LISTED);
        let rules = &self.ai;
        let event = rules.event;
        let event = EventRules {
            weeks: event.weeks,
            share_from: event.share_from,
            changes_before: event.changes_before,
            by_chance: event.by_chance,
            adopters: event.adopters,
            others: event.others,
        };
        let context_files_without_sign = self.context_files_without_sign(asked, results);
        let usage = self.assistant_use(asked);
        let without_changes = services.len() - known.clone().count();
        let blind_spots = self.blind_spots(without_changes, context_files_without_sign, !usage.is_empty());
        Some(Ai {
            changes,
            signed,
            share_at_least: Some(signed as f64 / changes as f64),
            services: known.clone().count() as u64,
            services_with_sign: known.clone().filter(|service| service.signed > 0).count() as u64,
            context_files_without_sign,
            by_service,
            usage,
            dose: if signed > 0 { dose::dose(&services, rules.dose.at_least) } else { Vec::new() },
            event_study: event_study(&services, &event),
            sensitivity: dose::sensitivity(&services),
            blind_spots,
            context: rules.context(),
        })
    }

    /// Services whose repository tells assistants how to work, and whose changes carry no sign.
    fn context_files_without_sign(&self, asked: &[&Service], results: &[Shared<ServiceResult>]) -> u64 {
        let is_silent = |(service, result): &(&&Service, &Shared<ServiceResult>)| {
            let found = service.repository.and_then(|place| self.detected[place].detections.get("ai_context_files"));
            let share = result.metrics.get("ai_change_share").and_then(|measured| measured.value);
            matches!(found, Some(Detection::Present(_))) && share == Some(0.0)
        };
        asked.iter().zip(results).filter(is_silent).count() as u64
    }

    /// How many people used assistants in the window: those of the teams of some services, and of all services everybody.
    fn assistant_use(&self, asked: &[&Service]) -> Vec<AssistantUse> {
        let teams: BTreeSet<&str> = asked.iter().filter_map(|service| service.team.as_deref()).collect();
        let is_whole = self.is_whole(asked);
        let is_asked = |usage: &&AiUsage| match &usage.team {
            Some(team) => is_whole || teams.contains(team.as_str()),
            None => is_whole,
        };
        let in_window = self.ai_usage.iter().filter(|usage| self.is_in_window(usage) && usage.people_active > 0);
        let mut groups: BTreeMap<(&str, Option<&str>), BTreeMap<Time, &AiUsage>> = BTreeMap::new();
        for usage in in_window.filter(is_asked) {
            let days = groups.entry((&usage.assistant, usage.team.as_deref())).or_default();
            // Of two sources that tell of the same day, the one that counts more people.
            let day = days.entry(usage.day).or_insert(usage);
            if day.people_active < usage.people_active {
                *day = usage;
            }
        }
        let groups = groups.into_iter().filter_map(|((assistant, team), days)| used(assistant, team, &days));
        groups.collect()
    }

    /// Whether a day lies in the window as a whole.
    fn is_in_window(&self, usage: &AiUsage) -> bool {
        let end = usage.day.plus(Span::from_millis(86_400_000));
        usage.day >= self.window.start && end <= self.window.end
    }

    fn blind_spots(&self, without_changes: usize, silent: u64, has_usage: bool) -> Vec<String> {
        let mut spots = vec![
            "Completion in an editor and answers of a chat leave no sign in a commit.".to_owned(),
            "Trailers can be switched off, and a squash or a rewritten message drops them.".to_owned(),
            if has_usage {
                "A vendor counts people whose editor reports to it: not what they shipped with it, nor where."
                    .to_owned()
            } else {
                "No usage export of a vendor was imported for the window.".to_owned()
            },
        ];
        if self.activity.has_no_reviews() {
            spots.push("No source reports reviews, so their labels are not known.".to_owned());
        }
        if without_changes > 0 {
            spots.push(format!("Of {} no shipped change is known.", count(without_changes as u64, "service")));
        }
        if silent > 0 {
            spots.push(format!(
                "The repositories of {} hold files for assistants, and none of their changes carries a sign: use that leaves none.",
                count(silent, "service")
            ));
        }
        spots
    }
}

/// A team of fewer people is not told of: a count of so few would be about them.
const FEWEST_PEOPLE: u32 = 5;

/// What the days of a team come to; nothing where never enough people used it.
fn used(assistant: &str, team: Option<&str>, days: &BTreeMap<Time, &AiUsage>) -> Option<AssistantUse> {
    let most = days.values().map(|usage| usage.people_active).max()?;
    let active: Vec<f64> = days.values().map(|usage| f64::from(usage.people_active)).collect();
    let engaged: Vec<f64> = days.values().filter_map(|usage| usage.people_engaged).map(f64::from).collect();
    Some(AssistantUse {
        assistant: assistant.to_owned(),
        team: team.map(str::to_owned),
        days: days.len() as u64,
        people_active: median(&active).filter(|_| most >= FEWEST_PEOPLE)?,
        people_engaged: median(&engaged),
        until: days.keys().next_back()?.date(),
    })
}

fn of_service<'a>(result: &'a ServiceResult, weeks: &'a [AiWeek]) -> AiService<'a> {
    let measured = result.metrics.get("ai_change_share");
    let changes = measured.filter(|measured| measured.value.is_some()).map_or(0, |measured| measured.n);
    let share = measured.and_then(|measured| measured.value).unwrap_or(0.0);
    AiService {
        service: &result.service,
        team: result.team.as_deref(),
        changes,
        signed: (share * changes as f64).round() as u64,
        metrics: Some(&result.metrics),
        weeks,
    }
}
