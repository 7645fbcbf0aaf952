use crate::commands::find_where;
use crate::findings::Findings;
use crate::pipelines::Occasion;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A versioned artifact is published from CI
    ///
    /// A pipeline pushes what it built, an image, package or release, to a registry under a version. Pushing only
    /// `latest` does not count: the version that runs could not be told, nor brought back.
    pub(super) static ARTIFACT_PUBLISHED: Practice = {
        id: "artifact_published",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    PUBLISH = r"(?:^|[\s;&|(/])(?:(?:docker|podman|buildah|nerdctl)(?: image)? push\b|docker buildx (?:build|bake)\b.*--push\b|docker[ -]compose push\b|ko (?:build|publish|resolve|apply)\b|(?:mvn|mvnw)\b.*\s(?:deploy|jib:build)\b|(?:gradle|gradlew)\b.*\s\S*(?:publish|jib)\S*|skopeo copy\b|crane (?:push|copy)\b|oras push\b|helm push\b"
    r"|(?:npm|pnpm|yarn(?: npm)?) publish\b|lerna publish\b|cargo publish\b|goreleaser release\b|gh release (?:create|upload)\b|twine upload\b|(?:poetry|uv|flit|hatch) publish\b|gem push\b|dotnet nuget push\b|nuget push\b|/kaniko/executor|semantic-release\b|skaffold build\b|bazel run\b.*push|mix hex\.publish|nix copy --to|aws s3 (?:cp|sync)\b.*\.(?:zip|tar|tgz|jar)|jfrog rt (?:u|upload)\b|gcloud builds submit\b|sam package\b|pack build\b.*--publish|make\b.*\s(?:docker-push|push-\S+|\S+-push|publish\S*)|mage\b.*\S*:push\b)"
);
super::pattern!(
    PUBLISH_USES = r"(?i)^(?:docker/(?:build-push-action|bake-action)|depot/build-push-action|redhat-actions/push-to-registry|goreleaser/goreleaser-action|pypa/gh-action-pypi-publish|softprops/action-gh-release|ncipollo/release-action|actions/create-release|js-devtools/npm-publish|changesets/action|helm/chart-releaser-action|googleapis/release-please-action|cycjimmy/semantic-release-action"
    r"|Docker@\d|NuGetCommand@\d|Npm@\d|UniversalPackages@\d|PublishBuildArtifacts@\d|aws-ecr/build|docker/publish|aws-ecr/push)"
);
super::pattern!(TAG = r"(?:-t|--tag|--destination|push)[ =]+\S*?:(?P<tag>[^\s/:]+)");
super::pattern!(LATEST = r"(?::|^)latest['\x22]?$");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (_, job) in repository.jobs() {
        let leaves_review = job.occasions.contains(Occasion::DefaultBranchPush) || job.occasions.contains(Occasion::Tag) || !job.occasions.is_automatic();
        for step in job.active_steps().filter(|_| leaves_review || job.runs_on_changes()) {
            if let Some(found) = find_where(step, Some(&PUBLISH), Some(&PUBLISH_USES), is_versioned) {
                findings.text_at(&step.place, found.text);
            }
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

/// Whether the command pushes, under more than `latest`.
fn is_versioned(command: &str) -> bool {
    let input = |key: &str| command.split('\n').skip_while(|line| !line.starts_with(&format!("{key}:"))).collect::<Vec<_>>();
    let is_action = command.contains("/build-push-action") || command.contains("/bake-action");
    if is_action {
        let push = input("push");
        let outputs = input("outputs").first().is_some_and(|line| line.contains("push=true") || line.contains("type=registry"));
        if !outputs && push.first().is_none_or(|line| line.trim_end().ends_with("false")) {
            return false;
        }
        let tags: Vec<_> = input("tags").into_iter().enumerate().take_while(|(at, line)| *at == 0 || !line.contains(": ")).map(|(_, line)| line).collect();
        let named: Vec<_> = tags.iter().flat_map(|line| line.trim_start_matches("tags:").split(',')).map(str::trim).filter(|tag| !tag.is_empty()).collect();
        return named.is_empty() || !named.iter().all(|tag| LATEST.is_match(tag));
    }
    if command.contains("--dry-run") || command.contains("--snapshot") {
        return false;
    }
    let mut tags = TAG.captures_iter(command).peekable();
    tags.peek().is_none() || tags.any(|found| &found["tag"] != "latest")
}

#[cfg(test)]
mod tests {
    use super::ARTIFACT_PUBLISHED;
    use crate::test_support::check_step;

    #[test]
    fn pushing_a_version_counts_and_pushing_only_latest_does_not() {
        for (step, expected) in [
            ("run: docker push registry/app:$SHA", true),
            ("run: docker push registry/app:latest", false),
            ("run: docker build -t app .", false),
            ("run: npm publish --access public", true),
            ("run: npm publish --dry-run", false),
            ("{uses: docker/build-push-action@v6, with: {push: true, tags: 'a/b:1.2'}}", true),
            ("{uses: docker/build-push-action@v6, with: {push: false, tags: 'a/b:1.2'}}", false),
            ("{uses: docker/build-push-action@v6, with: {tags: 'a/b:1.2'}}", false),
            ("{uses: docker/build-push-action@v6, with: {push: true, tags: 'a/b:latest'}}", false),
            ("{if: false, run: cargo publish}", false),
        ] {
            check_step(&ARTIFACT_PUBLISHED, step, expected);
        }
    }
}
