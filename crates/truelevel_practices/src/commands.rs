//! What scripts of pipelines do, told from their commands.

use std::sync::LazyLock;

use regex::Regex;

use crate::pipelines::{Action, Job, Step};

/// Declares a pattern that is compiled once.
macro_rules! pattern {
    ($(#[$meta:meta])* $visibility:vis $name:ident = $($text:literal)+) => {
        $(#[$meta])*
        $visibility static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new(concat!($($text),+)).expect("the pattern is valid"));
    };
}
pub(crate) use pattern;

pattern!(
    /// Puts a version into an environment.
    pub(crate) DEPLOY = r"(?:^|[\s;&|(/])(?:helm3?\b(?:\s+-\S+(?:\s+|=)\S+)*\s+(?:upgrade|install)\b|helmfile\b.*\s(?:apply|sync)\b|kubectl\b(?:\s+-\S+)*\s+(?:apply|set image|rollout restart|replace)\b"
        r"|oc (?:apply|rollout latest|set image)\b|kustomize build .*\|\s*kubectl apply|argocd app (?:sync|set)\b|flux reconcile\b|terraform\b.*\sapply\b|tofu\b.*\sapply\b|terragrunt\b.*apply\b|pulumi up\b|cdk deploy\b"
        r"|sam deploy\b|(?:serverless|sls) deploy\b|aws (?:ecs update-service|deploy create-deployment|cloudformation deploy|lambda update-function-code)\b"
        r"|gcloud (?:beta )?(?:run deploy|app deploy|functions deploy|run services update|deploy releases create)\b|az (?:webapp|containerapp|functionapp)\b.*\b(?:deploy|deployment|up|update)\b"
        r"|eb deploy\b|fly(?:ctl)? deploy\b|vercel\b.*--prod\b|netlify deploy\b.*--prod\b|wrangler (?:pages )?(?:deploy|publish)\b|firebase deploy\b|cf push\b|nomad job run\b|kamal deploy\b"
        r"|ansible-playbook\b|cap \w+ deploy\b|bundle exec cap \w+ deploy\b|skaffold (?:run|deploy)\b|git push \S*heroku|heroku container:release\b|docker stack deploy\b|railway up\b|copilot (?:svc )?deploy\b|ecs-deploy\b|kubectl-argo-rollouts set image\b|kubectl argo rollouts set image\b)"
);
pattern!(
    /// Ready-made ways to put a version into an environment.
    pub(crate) DEPLOY_USES = r"(?i)^(?:aws-actions/amazon-ecs-deploy-task-definition|aws-actions/aws-cloudformation-github-deploy|azure/(?:webapps-deploy|k8s-deploy|functions-action|container-apps-deploy-action|aks-deploy|static-web-apps-deploy)|google-github-actions/deploy-(?:cloudrun|appengine|cloud-functions)"
        r"|google-github-actions/create-cloud-deploy-release|cloudflare/(?:wrangler-action|pages-action)|firebaseextended/action-hosting-deploy|akhileshns/heroku-deploy|amondnet/vercel-action|nwtgck/actions-netlify|hashicorp/tfc-workflows-github/actions/apply-run|deliverybot/helm|bitovi/|pulumi/actions|digitalocean/app_action"
        r"|(?:AzureWebApp|AzureRmWebAppDeployment|AzureFunctionApp|KubernetesManifest|HelmDeploy|AzureContainerApps|AzureRmWebAppDeployment|Kubernetes|KubernetesManifest|IISWebAppDeploymentOnMachineGroup|AzureResourceManagerTemplateDeployment)@\d"
        r"|(?:[\w-]+\.)*terraform(?:task(?:v\d)?|-?cli)@\d|aws-ecs/(?:deploy_service_update|update_service|deploy-service-update|update-service)|aws-ecs/deploy|helm/(?:upgrade|install)|kubernetes/(?:create-or-update-resource|create_or_update_resource)|gcp-cloud-run/deploy|heroku/deploy|atlassian/(?:aws-ecs-deploy|kubectl-run|aws-elasticbeanstalk-deploy|google-cloud-run-deploy|azure-web-apps-deploy|heroku-deploy|aws-lambda-deploy|aws-cloudformation-deploy|google-app-engine-deploy))"
);
pattern!(
    /// Runs tests.
    pub(crate) TEST = r"(?:^|[\s;&|(/!])(?:cargo\b.*\s(?:nextest run|test|llvm-cov|tarpaulin)\b|go test\b|gotestsum\b|ginkgo\b|pytest\b|py\.test\b|python3? -m (?:pytest|unittest)\b|python3? manage\.py test\b|tox\b|nox\b"
        r"|(?:npm|pnpm|yarn|bun)(?:\s+-\S+)*\s+(?:(?:run|workspaces?|-r)\s+)*(?:t|test|ci:test|unit)(?:[:-][\w:-]+)?(?:\s|$)|jest\b|vitest\b|mocha\b|ava\b|karma start|playwright test\b|cypress run\b|npx nx\b.*\btest\b|nx (?:test|affected\b.*test)|turbo\b.*\stest\b"
        r"|(?:mvn|mvnw)\b.*\s(?:test|verify|integration-test|install|package)\b|(?:gradle|gradlew)\b.*\s(?:\S*:)?(?:test|check|build)\b|sbt\b.*\btest|dotnet test\b|rspec\b|rails test\b|rake (?:test|spec)\b|bin/rails test|phpunit\b|pest\b|php artisan test\b|composer (?:run )?test\b"
        r"|ctest\b|meson test\b|bazel(?:isk)? test\b|buck2? test\b|swift test\b|xcodebuild\b.*\stest\b|flutter test\b|dart test\b|mix test\b|lein test\b|stack test\b|cabal test\b|deno test\b|bats\b|prove\b|promtool test\b|terraform test\b|helm unittest\b|zig build test\b"
        r"|just (?:test|check)\b|task test\b|hatch (?:run )?test\b|uv run (?:--\S+ )*pytest\b|invoke test\b|earthly\b.*\+test)"
        r"|(?:^|[;&|(]\s*|\bsudo\s+|\w=\S+\s+|\s--\s+|\bthen\s+)make\b(?:[^;&|]*\s)?(?:[\w-]*-)?(?:test|tests|check|unittest|unit-test|unit-tests|test-\S+|test_\S+)(?:\s|$)"
);
pattern!(
    /// Ready-made ways to run tests.
    pub(crate) TEST_USES = r"(?i)^(?:cypress-io/github-action|VSTest@\d|DotNetCoreCLI@\d|Maven@\d|Gradle@\d|node/test|python/test|gradle/test|maven/test|go/test|cypress/run)"
);
pattern!(
    /// Builds what is deployed.
    pub(crate) BUILD = r"(?:^|[\s;&|(/!])(?:(?:docker|podman|buildah)(?: buildx)? (?:build|bake|bud)\b|docker[ -]compose\b.*\sbuild\b|(?:mvn|mvnw)\b.*\s(?:compile|package|install|verify|test|deploy)\b|(?:gradle|gradlew)\b.*\s(?:\S*:)?(?:build|check|test|jar|war|bootJar|shadowJar|installDist|(?:assemble|compile|bundle|publish|jib)\w*)\b|cargo\b.*\s(?:build|install|package|check|clippy|zigbuild)\b|(?:npm|pnpm|yarn|bun)(?:\s+-\S+)*\s+(?:run\s+)?(?:build|compile|package)\S*|go (?:build|install|vet)\b|dotnet (?:build|publish|pack)\b|msbuild\b|bazel(?:isk)? build\b"
        r"|cmake\b|ninja\b|meson\b|sbt\b|ko (?:build|publish|resolve|apply)\b|goreleaser\b|nix (?:build|flake check)\b|pack build\b|skaffold build\b|xcodebuild\b|swift build\b|flutter build\b|stack build\b|cabal build\b|mix (?:compile|release)\b|python3? -m build\b|poetry build\b|uv build\b|pip install \.|tsc\b|webpack\b|vite build\b|next build\b|hugo\b|earthly\b|dagger\b|turbo\b.*\sbuild\b|nx\b.*\bbuild\b|kaniko\b|/kaniko/executor|packer build\b|composer install\b|bundle install\b|sam build\b|helm (?:package|lint|template)\b|kustomize build\b|terraform (?:validate|plan)\b|just build\b|task build\b|tox\b)"
        r"|(?:^|[;&|(]\s*|\bsudo\s+|\w=\S+\s+|\s--\s+|\bthen\s+)make(?:\s+-\S+)*(?:\s*$|\s*[;&|]|[^;&|]*\s(?:[\w-]*[-_])?(?:all|build|compile|package|image|images|docker|dist|release|ci|verify|binaries|bin)(?:[-_][\w-]*)?(?:\s|$))"
);
pattern!(
    /// Ready-made ways to build.
    pub(crate) BUILD_USES = r"(?i)^(?:docker/(?:build-push-action|bake-action)|goreleaser/goreleaser-action|gradle/(?:gradle-build-action|actions)|nixbuild/|Docker@\d|DotNetCoreCLI@\d|VSBuild@\d|MSBuild@\d|Maven@\d|Gradle@\d|Npm@\d|docker/(?:build|publish)|aws-ecr/build|actions-rs/cargo|depot/build-push-action|redhat-actions/buildah-build|gcr\.io/cloud-builders/docker|gcr\.io/kaniko-project/executor|gcr\.io/k8s-skaffold)"
);
pattern!(
    /// A name that stands for production, if [`OTHER_ENVIRONMENT`] does not stand beside it.
    PRODUCTION = r"(?i)(^|[^a-z])(prod|production|prd|live)([^a-z]|$)"
);
pattern!(
    /// A name that stands for another environment.
    OTHER_ENVIRONMENT = r"(?i)(non|pre|not)[-_ ]?prod|(^|[^a-z])(staging|stage|stg|uat|qa|test|testing|dev|development|sandbox|preview|review|preprod|integration|canary-test|demo)([^a-z]|$)"
);

/// Whether a name or command is about production.
pub(crate) fn is_production(name: &str) -> bool {
    PRODUCTION.is_match(name) && !OTHER_ENVIRONMENT.is_match(name)
}

/// Whether a name or command is about an environment that is not production.
pub(crate) fn is_other_environment(name: &str) -> bool {
    OTHER_ENVIRONMENT.is_match(name)
}

/// A command line of a script.
pub(crate) struct Line {
    pub(crate) text: String,
    /// The script goes on, and succeeds, when the command fails.
    pub(crate) tolerated: bool,
}

pattern!(
    /// The end of a command whose failure is passed over.
    TOLERATED = r"\|\|\s*(?:true|:|exit 0|echo\b)|;\s*(?:true|exit 0)\s*$"
);

/// A script in which nothing that fails is passed over; none where nothing is.
pub(crate) fn tolerating_nothing(script: &str) -> Option<String> {
    static PASSED_OVER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?m)^[ \t]*set \+e[ \t]*$|\s*\|\|\s*(?:true|:|exit 0|echo\b[^\n]*)[ \t]*$|\s*;\s*(?:true|exit 0)[ \t]*$",
        )
        .expect("the pattern is valid")
    });
    PASSED_OVER.is_match(script).then(|| PASSED_OVER.replace_all(script, "").into_owned())
}

/// The command lines of a script: continued lines joined; comments and what is only printed left out.
pub(crate) fn lines(script: &str) -> Vec<Line> {
    static PRINTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:[@-]?\s*)?(?:echo|printf|Write-Host|Write-Output|::\w+)\b[^|;&]*$")
            .expect("the pattern is valid")
    });
    let mut lines = Vec::new();
    let mut errors_pass = false;
    let mut joined = String::new();
    for line in script.lines() {
        let line = line.trim();
        if line.starts_with('#') || line.starts_with("//") || line.starts_with("REM ") {
            continue;
        }
        joined += line;
        if let Some(open) = joined.strip_suffix('\\') {
            joined = format!("{} ", open.trim_end());
            continue;
        }
        let text = std::mem::take(&mut joined);
        match text.as_str() {
            "" => {}
            "set +e" => errors_pass = true,
            text if text.starts_with("set -") && text.contains('e') => errors_pass = false,
            text if PRINTED.is_match(text) => {}
            _ => lines.push(Line { tolerated: errors_pass || TOLERATED.is_match(&text), text }),
        }
    }
    if !joined.trim().is_empty() {
        lines.push(Line { tolerated: errors_pass || TOLERATED.is_match(&joined), text: joined.trim().to_owned() });
    }
    lines
}

/// The commands of a line that run one after the other; what is piped stays together.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    line.split("&&").flat_map(|part| part.split(';')).map(str::trim).filter(|part| !part.is_empty())
}

/// Whether a command only brings in tools: naming a test runner in it runs nothing.
fn is_setup(command: &str) -> bool {
    SETUP.is_match(command) && !OWN_CODE.is_match(command)
}

pattern!(
    SETUP = r"^(?:-\s+)?(?:sudo\s+)?(?:python3?\s+-m\s+)?(?:apt-get|apt|apk|yum|dnf|microdnf|brew|choco|winget|pip3?|pipx|npm|pnpm|yarn|gem|go|cargo|uv|uv pip|uv tool|poetry|conda|mamba|dotnet tool|rustup|asdf|mise|luarocks|cpanm|opam)\s+(?:-\S+\s+)*(?:install|binstall|add|get|i|update|upgrade|component|global add)\s"
);
pattern!(OWN_CODE = r"\s\.(?:\s|$|/|\[)|--path\b");

/// What was found in a step.
#[derive(Clone, Debug)]
pub(crate) struct Found<'s> {
    /// The match as the script writes it, to find it again in the file.
    pub(crate) text: &'s str,
    /// The whole command, or what is used and the inputs given to it.
    pub(crate) command: String,
    /// Its failure fails nothing.
    pub(crate) tolerated: bool,
}

/// Looks for a command in a step's script, or for something ready-made that it uses.
pub(crate) fn find<'s>(step: &'s Step, run: Option<&Regex>, uses: Option<&Regex>) -> Option<Found<'s>> {
    find_where(step, run, uses, |_| true)
}

/// As [`find`], among the command lines for which `accept` holds.
pub(crate) fn find_where<'s>(
    step: &'s Step,
    run: Option<&Regex>,
    uses: Option<&Regex>,
    accept: impl Fn(&str) -> bool,
) -> Option<Found<'s>> {
    match &step.action {
        Action::Run(script) => {
            let run = run?;
            if !run.is_match(script) {
                return None;
            }
            let lines = lines(script);
            let parts = lines.iter().flat_map(|line| parts(&line.text).map(move |part| (part, line.tolerated)));
            let (part, tolerated) =
                parts.filter(|(part, _)| !is_setup(part)).find(|(part, _)| run.is_match(part) && accept(part))?;
            let matched = run
                .find(part)?
                .as_str()
                .trim_start_matches(|c: char| c.is_whitespace() || ";&|(/!".contains(c))
                .trim_end();
            // A match over joined lines stands in the script only up to where the line was broken.
            let whole = script.find(matched).map(|at| &script[at..at + matched.len()]);
            let text = whole.or_else(|| {
                let word = matched.split_whitespace().next()?;
                script.find(word).map(|at| &script[at..at + word.len()])
            });
            let tolerated = step.allow_failure || tolerated;
            Some(Found { text: text.unwrap_or_default(), command: part.to_owned(), tolerated })
        }
        Action::Uses { reference, inputs } => {
            let given = inputs.iter().map(|(key, value)| format!("{key}: {value}"));
            let command = std::iter::once(reference.clone()).chain(given).collect::<Vec<_>>().join("\n");
            (uses?.is_match(reference) && accept(&command)).then_some(Found {
                text: reference,
                command,
                tolerated: step.allow_failure,
            })
        }
    }
}

/// What builds or tests in a job.
pub(crate) fn build_or_test(job: &Job) -> Option<(&Step, Found<'_>)> {
    job.active_steps().find_map(|step| {
        let found =
            find(step, Some(&BUILD), Some(&BUILD_USES)).or_else(|| find(step, Some(&TEST), Some(&TEST_USES)))?;
        Some((step, found))
    })
}

/// What tests in a step; a command that skips the tests of a build is none.
pub(crate) fn test(step: &Step) -> Option<Found<'_>> {
    find_where(step, Some(&TEST), Some(&TEST_USES), |command| {
        !SKIPS_TESTS.is_match(command) && !COVERS_MANY.is_match(command)
    })
}

pattern!(
    SKIPS_TESTS =
        r"-DskipTests|-Dmaven\.test\.skip(?:=true)?\b|-x\s+test\b|--no-tests\b|--no-run\b|--collect-only|--help\b"
);
pattern!(
    /// Tasks that do one thing of many, where it is not to test.
    COVERS_MANY = r"(?im)^(?:DotNetCoreCLI|Maven|Gradle)@\d[\s\S]*^(?:command|goals|tasks): *(?:build|publish|restore|pack|push|clean|compile|package -DskipTests)\s*$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_told_from_other_environments() {
        for name in ["production", "prod", "eu-prod-1", "LIVE", "prd"] {
            assert!(is_production(name), "{name}");
        }
        for name in ["staging", "pre-prod", "non-production", "product", "delivery", "prod-test", "qa", "nonprod"] {
            assert!(!is_production(name), "{name}");
        }
    }

    #[test]
    fn lines_are_joined_and_comments_and_output_left_out() {
        let texts =
            |script: &str| lines(script).into_iter().map(|line| (line.text, line.tolerated)).collect::<Vec<_>>();
        assert_eq!(texts("# go test\necho go test\na \\\n  b\n"), [("a b".to_owned(), false)]);
        assert_eq!(
            texts("a || true\nset +e\nb\nset -e\nc"),
            [("a || true".into(), true), ("b".into(), true), ("c".into(), false)]
        );
    }

    #[test]
    fn bringing_in_a_tool_is_not_using_it() {
        let place = crate::pipelines::Place { path: "a".into(), line: 1, column: 1, end_line: 1 };
        for (script, expected) in [
            ("pip install pytest", false),
            ("pip install pytest && pytest", true),
            ("go install gotest.tools/gotestsum@latest", false),
            ("sudo apt-get install -y jest", false),
            ("cd web; npm test", true),
        ] {
            assert_eq!(test(&Step::run(script, place.clone())).is_some(), expected, "{script}");
        }
    }

    #[test]
    fn commands_are_known_by_what_they_do() {
        for (pattern, text, expected) in [
            (&DEPLOY, "helm upgrade --install app ./chart", true),
            (&DEPLOY, "helm --kube-context x upgrade app", true),
            (&DEPLOY, "kubectl apply -f k8s", true),
            (&DEPLOY, "kubectl get pods", false),
            (&DEPLOY, "terraform -chdir=x apply -auto-approve", true),
            (&DEPLOY, "terraform plan", false),
            (&TEST, "npm test", true),
            (&TEST, "npm run test:unit", true),
            (&TEST, "npm run latest", false),
            (&TEST, "cargo +nightly nextest run", true),
            (&TEST, "./gradlew :app:check", true),
            (&TEST, "make lint test", true),
            (&TEST, "Kindly make sure to test it", false),
            (&BUILD, "Kindly make sure", false),
            (&BUILD, "make", true),
            (&BUILD, "make lint", false),
            (&BUILD, "FOO=1 make -j4 docker-image", true),
            (&DEPLOY_USES, "org/ci/.github/workflows/deploy.yml@main", false),
            (&TEST_USES, "org/ci/.github/workflows/test.yml@v1", false),
            (&TEST, "go tool cover", false),
            (&BUILD, "docker buildx build .", true),
            (&BUILD, "npm run build", true),
            (&BUILD, "npm ci", false),
        ] {
            assert_eq!(pattern.is_match(text), expected, "{text}");
        }
    }
}
