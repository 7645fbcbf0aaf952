use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The repository knows the template that it came from
    ///
    /// A file records from which template the repository was made, and mostly at which version, so that it can be
    /// brought up to date: answers of Copier, Cruft, Projen, Yeoman, or the annotation that the scaffolder of
    /// Backstage writes into a catalog file.
    pub(super) static TEMPLATE_LINEAGE: Practice = {
        id: "template_lineage",
        subject: "platform",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(FILES = r"(?:^|/)(?:\.copier-answers(?:\.[\w-]+)?\.ya?ml|\.cruft\.json|\.projenrc\.\w+|\.yo-rc\.json|\.scaffolder-answers\.ya?ml)$");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.own_paths().filter(|path| FILES.is_match(path)) {
        findings.file(path);
    }
    for manifest in repository.manifests().filter(|manifest| manifest.is("backstage.io/", "Component")) {
        let Some(annotations) = manifest.at(["metadata", "annotations"]) else { continue };
        if annotations.get("backstage.io/source-template").is_some() {
            findings.place(&manifest.key_place(annotations, "backstage.io/source-template"));
        }
    }
    findings.conclude(&[".copier-answers.yml", ".cruft.json", ".projenrc.*", ".yo-rc.json", "backstage.io/source-template in catalog-info.yaml"], &[Candidates::Manifests(&["backstage.io/source-template"])])
}

#[cfg(test)]
mod tests {
    use super::TEMPLATE_LINEAGE;
    use crate::test_support::check;

    #[test]
    fn recorded_templates_count() {
        check(&TEMPLATE_LINEAGE, &[(".copier-answers.yml", "_commit: v1\n")], &[".copier-answers.yml"]);
        let component = |annotation: &str| format!("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  annotations:\n    {annotation}: x\n");
        check(&TEMPLATE_LINEAGE, &[("catalog-info.yaml", &component("backstage.io/source-template"))], &["catalog-info.yaml:5:5"]);
        check(&TEMPLATE_LINEAGE, &[("catalog-info.yaml", &component("backstage.io/techdocs-ref"))], &["absent"]);
    }
}
