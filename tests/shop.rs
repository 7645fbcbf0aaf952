//! The usual case: a service `web` whose versions a deployment repository promotes from staging to production.

use crate::cli::World;
use crate::git::{Commit, Repo, at};

/// The day after the last of the usual deployments.
pub(crate) const AS_OF: &str = "2026-03-02";
/// How many versions were released, a week apart.
pub(crate) const VERSIONS: i64 = 8;

pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) web: Repo,
    pub(crate) gitops: Repo,
}

/// A Kustomize overlay that sets the version of one image.
pub(crate) fn overlay(service: &str, version: &str) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- ../../base\nimages:\n- name: registry.example.com/{service}\n  newTag: {version}\n"
    )
}

pub(crate) fn overlay_path(service: &str, environment: &str) -> String {
    format!("apps/{service}/overlays/{environment}/kustomization.yaml")
}

/// A commit that declares a version of a service in an environment.
pub(crate) fn deployment(seconds: i64, service: &str, environment: &str, version: &str) -> Commit {
    Commit::at(seconds)
        .by("argocd-image-updater <noreply@example.com>")
        .saying(&format!("{service} {version} to {environment}"))
        .file(overlay_path(service, environment), overlay(service, version))
}

const PIPELINE: &str = "name: ci
on:
  push:
    branches: [main]
  pull_request:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
      - uses: actions/setup-go@d35c59abb061a4a6fb18e82ac0862c26744d6ab5
      - run: go build ./...
      - run: go test ./...
  image:
    needs: test
    if: github.ref == 'refs/heads/main'
    runs-on: ubuntu-latest
    steps:
      - run: docker build -t registry.example.com/web:${{ github.sha }} .
      - run: docker push registry.example.com/web:${{ github.sha }}
";

/// The files of a small service in Go.
pub(crate) fn with_service_files(commit: Commit) -> Commit {
    commit
        .file("go.mod", "module example.com/web\n\ngo 1.24\n")
        .file("go.sum", "")
        .file("main.go", "package main\n\nfunc main() {}\n")
        .file("main_test.go", "package main\n\nimport \"testing\"\n\nfunc TestMain(t *testing.T) {}\n")
        .file("Dockerfile", "FROM golang:1.24\nCOPY . .\nRUN go build -o /web .\n")
        .file(".github/workflows/ci.yml", PIPELINE)
}

/// What Argo CD is told of the service.
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web-production
spec:
  project: default
  source:
    repoURL: https://git.example.com/shop/gitops.git
    path: apps/web/overlays/production
    targetRevision: main
  destination:
    server: https://kubernetes.default.svc
    namespace: production
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
";

impl Shop {
    /// Version n: written on day 7n at 9:00 and 10:00, on staging at 12:00 and in production at 15:00 of that day.
    pub(crate) fn new() -> Self {
        let world = World::new();
        let (web, gitops) = (world.repository("web"), world.repository("gitops"));
        let mut shop = Self { world, web, gitops };
        let versions = (0..VERSIONS).map(|version| release(version, 7 * version));
        let (changes, deployments): (Vec<_>, Vec<_>) = versions.unzip();
        shop.web.commits(changes.into_iter().flatten());
        shop.gitops.commits(deployments.into_iter().flatten());
        shop
    }

    /// Makes two changes on a day, tags the second one and deploys it.
    pub(crate) fn release(&mut self, version: i64, day: i64) {
        let (changes, deployments) = release(version, day);
        self.web.commits(changes);
        self.gitops.commits(deployments);
    }

    /// A fixed assessment of both repositories.
    pub(crate) fn assess(&self, options: &[&str]) -> serde_json::Value {
        self.world.assess(["web", "gitops", "--as-of", AS_OF].iter().chain(options))
    }
}

/// The commits that make and tag a version, and those that deploy it.
fn release(version: i64, day: i64) -> ([Commit; 2], [Commit; 2]) {
    let name = format!("v{version}.0.0");
    let mut first = Commit::at(at(day, 9)).file("feature.txt", format!("{version}\n"));
    let mut staging = deployment(at(day, 12), "web", "staging", &name);
    if version == 0 {
        first = with_service_files(first);
        staging = staging
            .file("argocd/web.yaml", APPLICATION)
            .file("apps/web/base/kustomization.yaml", "resources:\n- deployment.yaml\n");
    }
    let second = Commit::at(at(day, 10)).file("feature.txt", format!("{version}, finished\n")).tagged(&name);
    ([first, second], [staging, deployment(at(day, 15), "web", "production", &name)])
}
