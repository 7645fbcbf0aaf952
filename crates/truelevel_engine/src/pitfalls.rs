//! Ways in which the numbers of this assessment may mislead, seen in the assessment itself.

use truelevel_model::assessment::{LevelRange, Pitfall, ServiceResult, StageResult};
use truelevel_report::numbers::count;

/// Above this share, redeployments would noticeably raise a frequency that counts them.
const REDEPLOYMENTS_WORTH_A_WORD: f64 = 0.1;
/// Above this share of observations still open, a median of the finished ones alone would flatter.
const OPEN_WORTH_A_WORD: f64 = 0.1;

/// Everything found.
pub(crate) fn find(stages: &[StageResult], level: LevelRange, services: &[ServiceResult]) -> Vec<Pitfall> {
    [
        averaged_stages(stages, level),
        intentions(stages),
        open_changes(services),
        proxies(services),
        redeployments(services),
        small_samples(services),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn averaged_stages(stages: &[StageResult], level: LevelRange) -> Option<Pitfall> {
    let mean = stages.iter().map(|stage| f64::from(stage.proven)).sum::<f64>() / stages.len().max(1) as f64;
    let hidden: Vec<&str> =
        stages.iter().filter(|stage| f64::from(stage.proven) < mean).map(|stage| stage.stage.as_str()).collect();
    (mean - f64::from(level.proven) >= 0.5).then(|| Pitfall {
        pitfall: "averaged_stages".into(),
        finding: format!("an average over the stages would say {mean:.1} and hide {}", hidden.join(", ")),
        response: format!("the level is that of the lowest stage: {}", level.proven),
    })
}

fn intentions(stages: &[StageResult]) -> Option<Pitfall> {
    let declared: usize = stages.iter().flat_map(|stage| &stage.gates).filter(|gate| gate.is_intention).count();
    (declared > 0).then(|| Pitfall {
        pitfall: "intentions_scored".into(),
        finding: format!(
            "{} declared in files, and no pipeline runs are known that would show it running",
            if declared == 1 { "1 gate is".to_owned() } else { format!("{declared} gates are") }
        ),
        response: "they are listed as intentions and raise only the possible level".into(),
    })
}

fn open_changes(services: &[ServiceResult]) -> Option<Pitfall> {
    let lead_times = || services.iter().filter_map(|service| service.metrics.get("change_lead_time"));
    let (open, all): (u64, u64) = lead_times()
        .fold((0, 0), |(open, all), lead_time| (open + lead_time.censored, all + lead_time.censored + lead_time.n));
    (all > 0 && open as f64 > OPEN_WORTH_A_WORD * all as f64).then(|| Pitfall {
        pitfall: "undeployed_changes_ignored".into(),
        finding: format!(
            "{open} of {all} changes are merged and not deployed; leaving them out would make lead times look shorter"
        ),
        response: "they count as still open in every lead time".into(),
    })
}

fn proxies(services: &[ServiceResult]) -> Option<Pitfall> {
    let proxies = services.iter().filter(|service| service.deployment_data.is_proxy()).count();
    (proxies > 0).then(|| Pitfall {
        pitfall: "releases_counted_as_deployments".into(),
        finding: format!("for {}, release tags stand in for production deployments", count(proxies as u64, "service")),
        response: "their numbers are marked as a proxy and prove no gate".into(),
    })
}

fn redeployments(services: &[ServiceResult]) -> Option<Pitfall> {
    let count = |code: &str| -> u64 {
        services.iter().filter_map(|service| service.exclusions.get(code)).map(|excluded| excluded.count).sum()
    };
    let counted: u64 = services
        .iter()
        .filter_map(|service| service.metrics.get("deployment_frequency"))
        .map(|frequency| frequency.n)
        .sum();
    let repeated = count("redeployment") + count("fan_out");
    (repeated > 0 && repeated as f64 > REDEPLOYMENTS_WORTH_A_WORD * counted as f64).then(|| Pitfall {
        pitfall: "redeployments_counted".into(),
        finding: format!("{repeated} deployments repeated a version that was running already, beside {counted} that changed something"),
        response: "they are not part of the deployment frequency".into(),
    })
}

fn small_samples(services: &[ServiceResult]) -> Option<Pitfall> {
    let small = services
        .iter()
        .filter_map(|service| service.metrics.get("change_lead_time"))
        .filter(|lead_time| lead_time.value.is_some() && lead_time.low.is_none())
        .count();
    (small > 0).then(|| Pitfall {
        pitfall: "small_samples".into(),
        finding: format!(
            "too few deployments in the window for an interval of the lead time: {}",
            count(small as u64, "service")
        ),
        response: "their value is shown without interval and decides nothing".into(),
    })
}
