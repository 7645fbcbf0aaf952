use crate::findings::Findings;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// CI measures how fast it is
    ///
    /// A pipeline puts load on the service or measures its speed: k6, Gatling, Locust, Artillery, JMeter, Vegeta,
    /// wrk, Lighthouse, load tests of Azure and GitLab, or benchmarks that are compared with earlier ones. A load
    /// test that only a person starts does not count.
    pub(super) static PERFORMANCE_TESTS: Practice = {
        id: "performance_tests",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:k6 (?:run|cloud)\b|(?:gatling|gatling\.sh|mvn\b.*gatling:test|gradlew?\b.*gatlingRun)\b|locust\b.*(?:--headless|-f)\b|artillery run\b|jmeter\b.*-n\b|vegeta attack\b|wrk2?\s+-|ab\s+-[nckt]|hey\s+-|oha\s|drill --benchmark|autocannon\b|ghz\s|lhci autorun|lighthouse\b.*(?:--|http)|sitespeed\.io|cargo codspeed|bencher run|benchstat\b|critcmp\b|asv (?:run|continuous))");
super::pattern!(USES = r"(?i)^(?:grafana/(?:k6-action|run-k6-action|setup-k6-action)|azure/load-testing|benchmark-action/github-action-benchmark|codspeedhq/action|treosh/lighthouse-ci-action|bencherdev/bencher|artilleryio/action-cli|rbhadti94/apache-jmeter-action|AzureLoadTest@\d)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |job, _| job.occasions.is_automatic());
    for (_, job) in repository.jobs().filter(|(_, job)| job.occasions.is_automatic()) {
        for kind in ["load_performance", "browser_performance"] {
            if let Some(report) = job.feature(&FeatureKind::Report(kind.into())) {
                findings.place(&report.place);
            }
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&RUN, &USES))])
}

#[cfg(test)]
mod tests {
    use super::PERFORMANCE_TESTS;
    use crate::test_support::{check, check_step};

    #[test]
    fn load_and_speed_in_ci_count() {
        check_step(&PERFORMANCE_TESTS, "run: k6 run load.js", true);
        check_step(&PERFORMANCE_TESTS, "uses: treosh/lighthouse-ci-action@v12", true);
        check_step(&PERFORMANCE_TESTS, "run: npm install -g artillery", false);
        let manual = "on: workflow_dispatch\njobs: {a: {steps: [{run: k6 run load.js}]}}\n";
        check(&PERFORMANCE_TESTS, &[(".github/workflows/l.yml", manual)], &["absent"]);
    }
}
