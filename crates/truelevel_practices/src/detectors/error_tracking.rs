use crate::Practice;
use crate::dependencies::is_manifest;
use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Errors of users are collected and grouped
    ///
    /// A library sends the errors that users meet to a place that groups and counts them: Sentry and what speaks its
    /// protocol, Bugsnag, Rollbar, Honeybadger, Airbrake, Raygun, Google Error Reporting.
    pub(super) static ERROR_TRACKING: Practice = {
        id: "error_tracking",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    DEPENDENCY = r#"(?i)"@sentry/|"sentry-|['"/: ]sentry[-_](?:sdk|ruby|rails|core|actix|go|java|spring|python)|^\s*sentry(?:[-_]\w+)*\s*(?:[=<>~!{]|\.workspace)|getsentry/|io\.sentry|Include="Sentry|gem ['"]sentry|:sentry\b|raven['"]|bugsnag|rollbar|honeybadger|airbrake|raygun|AppSignal|appsignal|google-cloud-error-reporting|@google-cloud/error-reporting|cloud\.google\.com/go/errorreporting"#
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.dependencies(&DEPENDENCY);
    findings.conclude(&["dependency lists"], &[Candidates::Paths(|path| is_manifest(name(path)))])
}

#[cfg(test)]
mod tests {
    use super::ERROR_TRACKING;
    use crate::test_support::check;

    #[test]
    fn libraries_that_report_errors_count() {
        for (path, text, expected) in [
            ("Cargo.toml", "[dependencies]\nsentry = \"0.4\"\n", "Cargo.toml:2:1"),
            ("package.json", "{\n  \"@sentry/node\": \"8\"\n}\n", "package.json:2:3"),
            ("Gemfile", "gem 'sentry-rails'\n", "Gemfile:1:1"),
            ("go.mod", "require github.com/getsentry/sentry-go v0.4\n", "go.mod:1:20"),
            ("requirements.txt", "sentry-sdk==2\n", "requirements.txt:1:1"),
            ("requirements.txt", "requests==2\n", "absent"),
        ] {
            check(&ERROR_TRACKING, &[(path, text)], &[expected]);
        }
    }
}
