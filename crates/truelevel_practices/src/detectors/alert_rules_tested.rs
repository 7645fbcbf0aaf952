use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Alert rules are tested
    ///
    /// CI runs unit tests of alert rules, so that a rule is known to fire when it should: `promtool test rules`,
    /// `vmalert-tool unittest`, `cortextool` and `mimirtool` rule checks against examples. Checking only the syntax
    /// does not count.
    pub(super) static ALERT_RULES_TESTED: Practice = {
        id: "alert_rules_tested",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"promtool\s+test\s+rules|vmalert-tool\s+unittest|\bpint\s+(?:ci|lint)\b");
super::pattern!(USES = r"(?i)promtool|vmalert");
super::pattern!(TESTS = r"\btest\s+rules\b|unittest");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), None, |job, _| job.occasions.is_automatic());
    findings.steps(None, Some(&USES), |job, found| job.occasions.is_automatic() && TESTS.is_match(&found.command));
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&RUN, &USES))])
}

#[cfg(test)]
mod tests {
    use super::ALERT_RULES_TESTED;
    use crate::test_support::check_step;

    #[test]
    fn running_the_tests_of_rules_counts_and_checking_their_syntax_does_not() {
        check_step(&ALERT_RULES_TESTED, "run: promtool test rules rules/*_test.yml", true);
        check_step(&ALERT_RULES_TESTED, "{uses: ./.github/actions/promtool, with: {args: 'test rules a.yml'}}", true);
        check_step(&ALERT_RULES_TESTED, "run: promtool check rules rules/*.yml", false);
        check_step(&ALERT_RULES_TESTED, "{if: false, run: promtool test rules a}", false);
    }
}
