use crate::commands::find_where;
use crate::findings::Findings;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Builds reuse earlier work
    ///
    /// A pipeline keeps dependencies or build results between runs: a cache step, the cache of a setup action, a
    /// `cache:` key, a layer cache of images, or a remote build cache. It is the cheapest way to a shorter wait
    /// for feedback.
    pub(super) static BUILD_CACHED: Practice = {
        id: "build_cached",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(CACHE = r"--cache-(?:from|to)[ =]|--remote_cache[ =]|--build-cache\b|--cache=true|buildkite-agent artifact download.*cache|\bsccache\b|\bccache\b|nx-cloud|TURBO_TOKEN|gsutil .*cache|semaphore.*cache (?:restore|store)|^cache restore");
super::pattern!(
    CACHE_USES = r"(?i)^(?:actions/cache|actions/setup-|swatinem/rust-cache|gradle/(?:actions/setup-gradle|gradle-build-action)|docker/(?:build-push-action|bake-action)|hendrikmuhs/ccache-action|mozilla-actions/sccache-action|buildjet/cache|runs-on/cache|namespacelabs/nscloud-cache-action|nixbuild/|DeterminateSystems/magic-nix-cache|ruby/setup-ruby|shivammathur/|pnpm/action-setup|astral-sh/setup-uv|jdx/mise-action|actions-rust-lang/setup-rust-toolchain|depot/|bazel-contrib/setup-bazel|useblacksmith/cache"
    r"|restore_cache|save_cache|Cache@\d|cache#|gencer/cache#|buildkite-plugins/.*cache)"
);
super::pattern!(GIVEN = r"(?im)^(?:cache|cache-from|bundler-cache|enable-cache|use-public-rspm|cache-dependency-path):\s*(?P<value>\S+)");
super::pattern!(ALWAYS = r"(?i)^(?:actions/cache|actions/setup-go@v[4-9]|swatinem/|gradle/|hendrikmuhs/|mozilla-actions/|buildjet/|runs-on/|namespacelabs/|nixbuild/|DeterminateSystems/|actions-rust-lang/|depot/|astral-sh/setup-uv@v[5-9]|useblacksmith/|restore_cache|save_cache|Cache@|.*cache#)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (_, job) in repository.jobs() {
        if let Some(feature) = job.feature(&FeatureKind::Cache) {
            findings.place(&feature.place);
        }
        for step in job.active_steps() {
            if let Some(found) = find_where(step, Some(&CACHE), Some(&CACHE_USES), keeps) {
                findings.text_at(&step.place, found.text);
            }
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

/// Whether what is used keeps something with these inputs; setup actions do when asked.
fn keeps(command: &str) -> bool {
    let given = GIVEN.captures(command).map(|given| given["value"].to_owned());
    match given.as_deref() {
        Some("false") => false,
        Some(_) => true,
        None => !CACHE_USES.is_match(command) || ALWAYS.is_match(command),
    }
}

#[cfg(test)]
mod tests {
    use super::BUILD_CACHED;
    use crate::test_support::{check, check_step};

    #[test]
    fn caches_count_and_setup_without_a_cache_does_not() {
        for (step, expected) in [
            ("uses: actions/cache@v4", true),
            ("{uses: actions/setup-node@v4, with: {cache: npm}}", true),
            ("uses: actions/setup-node@v4", false),
            ("{uses: actions/setup-go@v5, with: {cache: false}}", false),
            ("{uses: docker/build-push-action@v6, with: {cache-from: 'type=gha'}}", true),
            ("uses: docker/build-push-action@v6", false),
            ("run: docker build --cache-from a .", true),
        ] {
            check_step(&BUILD_CACHED, step, expected);
        }
        check(&BUILD_CACHED, &[(".gitlab-ci.yml", "a:\n  cache:\n    paths: [target]\n  script: [cargo build]\n")], &[".gitlab-ci.yml:3:5"]);
    }
}
