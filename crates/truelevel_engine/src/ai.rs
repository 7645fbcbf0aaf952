//! Signs of AI in changes beside how delivery went, joined into one answer.

use truelevel_metrics::ai::event_study::{EventRules, event_study};
use truelevel_metrics::ai::weeks::AiWeek;
use truelevel_metrics::ai::{AiService, dose};
use truelevel_model::ai::{Ai, ServiceSigns};
use truelevel_model::assessment::ServiceResult;
use truelevel_model::{Detection, Shared};
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
        Some(Ai {
            changes,
            signed,
            share_at_least: Some(signed as f64 / changes as f64),
            services: known.clone().count() as u64,
            services_with_sign: known.clone().filter(|service| service.signed > 0).count() as u64,
            context_files_without_sign,
            by_service,
            dose: if signed > 0 { dose::dose(&services, rules.dose.at_least) } else { Vec::new() },
            event_study: event_study(&services, &event),
            sensitivity: dose::sensitivity(&services),
            blind_spots: self.blind_spots(services.len() - known.count(), context_files_without_sign),
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

    fn blind_spots(&self, without_changes: usize, silent: u64) -> Vec<String> {
        let mut spots = vec![
            "Completion in an editor and answers of a chat leave no sign in a commit.".to_owned(),
            "Trailers can be switched off, and a squash or a rewritten message drops them.".to_owned(),
            "Usage exports of vendors are not read.".to_owned(),
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
