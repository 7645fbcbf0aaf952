use crate::Practice;
use crate::dependencies::is_manifest;
use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Features are switched on apart from deployments
    ///
    /// Code asks a flag service whether a feature is on: OpenFeature, flagd, LaunchDarkly, Unleash, Flagsmith,
    /// GrowthBook, Flipper, Split, ConfigCat, Statsig, Optimizely, Togglz, FF4J, the feature management of Microsoft;
    /// or flags are kept as files or resources. A deployment then is no release, and switching off is the fastest way
    /// back.
    pub(super) static FEATURE_FLAGS: Practice = {
        id: "feature_flags",
        subject: "deploy",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    DEPENDENCY = r#"(?i)open-?feature|launchdarkly|unleash-(?:client|proxy|server)|unleash_client|Unleash\.Client|io\.getunleash|Unleash/unleash|@unleash/|flagsmith|growthbook|gem ['"]flipper|splitio|io\.split\.client|@splitsoftware|configcat|statsig|optimizely|togglz|ff4j|Microsoft\.FeatureManagement|go-feature-flag|gofeatureflag|django-waffle|fun_with_flags|"@vercel/flags|laravel/pennant|com\.devcycle|@devcycle/|ld-relay"#
);
super::pattern!(TERRAFORM = r#"resource\s+"(?:launchdarkly_feature_flag|unleash_feature\w*|flagsmith_feature|split_split|configcat_setting|aws_appconfig_configuration_profile|aws_evidently_feature)""#);
super::pattern!(FLAGS = r"(?i)(?:^|/)(?:[\w.-]+\.flagd\.(?:json|ya?ml)|flagd\.(?:json|ya?ml)|[\w.-]+\.goff\.(?:json|ya?ml|toml))$");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.dependencies(&DEPENDENCY);
    findings.terraform(&TERRAFORM);
    for path in repository.own_paths().filter(|path| FLAGS.is_match(path)) {
        findings.file(path);
    }
    for manifest in repository.manifests().filter(|manifest| manifest.is("core.openfeature.dev/", manifest.kind())) {
        findings.place(&manifest.kind_place());
    }
    findings.conclude(
        &["dependency lists", "*.flagd.json, *.goff.yaml", "FeatureFlag objects of OpenFeature", "flags in *.tf"],
        &[Candidates::Terraform, Candidates::Paths(|path| is_manifest(name(path)))],
    )
}

#[cfg(test)]
mod tests {
    use super::FEATURE_FLAGS;
    use crate::test_support::check;

    #[test]
    fn libraries_files_and_resources_of_flags_count() {
        check(&FEATURE_FLAGS, &[("package.json", "{\n  \"@openfeature/server-sdk\": \"1\"\n}\n")], &["package.json:2:5"]);
        check(&FEATURE_FLAGS, &[("src/demo.flagd.json", "{}")], &["src/demo.flagd.json"]);
        check(&FEATURE_FLAGS, &[("f.tf", "resource \"launchdarkly_feature_flag\" \"a\" {\n}\n")], &["f.tf:1:1"]);
        check(&FEATURE_FLAGS, &[("f.yaml", "apiVersion: core.openfeature.dev/v1beta1\nkind: FeatureFlag\n")], &["f.yaml:2:1"]);
        check(&FEATURE_FLAGS, &[("package.json", "{\n  \"express\": \"1\"\n}\n")], &["absent"]);
    }
}
