//! What names a service, and what only names the place where its files lie.

use super::environment::{contains, is_environment, split_environment, words};

/// Words that say what a file or directory is for, never which service. Sorted.
const GENERIC: &[&str] = &[
    "app",
    "application",
    "applications",
    "applicationset",
    "apps",
    "argo",
    "argocd",
    "base",
    "chart",
    "charts",
    "cluster",
    "clusters",
    "common",
    "component",
    "components",
    "config",
    "configs",
    "configuration",
    "container",
    "containers",
    "controller",
    "cronjob",
    "daemonset",
    "default",
    "defaults",
    "deploy",
    "deployment",
    "deployments",
    "deploys",
    "docker",
    "env",
    "environment",
    "environments",
    "envs",
    "flux",
    "gitops",
    "global",
    "helm",
    "helmrelease",
    "helmreleases",
    "image",
    "images",
    "infra",
    "infrastructure",
    "job",
    "k8s",
    "kubernetes",
    "kustomization",
    "kustomize",
    "main",
    "manifest",
    "manifests",
    "microservices",
    "namespace",
    "namespaces",
    "overlay",
    "overlays",
    "override",
    "overrides",
    "patch",
    "patches",
    "pod",
    "project",
    "projects",
    "release",
    "releases",
    "repository",
    "rollout",
    "root",
    "service",
    "services",
    "shared",
    "stages",
    "statefulset",
    "tag",
    "tags",
    "tiers",
    "value",
    "values",
    "var",
    "vars",
    "version",
    "versions",
    "workload",
    "workloads",
];

/// Containers that accompany a service. Sorted.
const SIDECARS: &[&str] = &[
    "aws-for-fluent-bit",
    "aws-otel-collector",
    "busybox",
    "cloud-sql-proxy",
    "cloudsql-proxy",
    "config-reloader",
    "configmap-reload",
    "datadog-agent",
    "envoy",
    "filebeat",
    "fluent-bit",
    "fluentd",
    "git-sync",
    "istio-proxy",
    "jaeger-agent",
    "k8s-sidecar",
    "kube-rbac-proxy",
    "linkerd-proxy",
    "oauth2-proxy",
    "opentelemetry-collector",
    "otel-collector",
    "promtail",
    "proxyv2",
    "statsd-exporter",
    "vault",
    "vault-agent",
    "vector",
];

/// Whether a name consists only of words that name no service.
pub(super) fn is_generic(name: &str) -> bool {
    contains(GENERIC, name) || words(name).all(|range| contains(GENERIC, &name[range]))
}

/// Whether a container or image accompanies a service instead of being one.
pub(super) fn is_sidecar(name: &str) -> bool {
    contains(SIDECARS, name)
        || name.ends_with("-exporter")
        || name.ends_with("-sidecar")
        || name.starts_with("sidecar-")
}

/// The name, if it could be one of a service: not generic, no environment, no template.
pub(super) fn nameable(name: &str) -> Option<&str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) || byte >= 0x80);
    (plain && !name.is_empty() && !is_generic(name) && !is_environment(name)).then_some(name)
}

/// A name without its environment: `frontend-prod` is the service `frontend`.
pub(super) fn without_environment(name: &str) -> String {
    match split_environment(name) {
        Some(split) if !split.rest.is_empty() => split.rest,
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_words_and_environments_name_no_service() {
        for name in ["values", "image-tags", "helm_release", "production", "prod-eu", "", "{{name}}", "App"] {
            assert_eq!(nameable(name), None, "{name}");
        }
        for name in ["frontend", "live-chat", "image-resizer", "app-config"] {
            assert_eq!(nameable(name).is_some(), name != "app-config", "{name}");
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(GENERIC.is_sorted(), "{GENERIC:?}");
        assert!(SIDECARS.is_sorted(), "{SIDECARS:?}");
    }
}
