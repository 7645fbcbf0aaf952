use crate::Practice;
use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// New services start from a template
    ///
    /// The repository offers a template from which services are made: scaffolder templates of Backstage, Copier,
    /// Cookiecutter, Yeoman, templates of .NET, Kratix promises, compositions of Crossplane. It is what a platform
    /// offers, not what a service uses.
    pub(super) static SOFTWARE_TEMPLATES: Practice = {
        id: "software_templates",
        subject: "platform",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.own_paths() {
        if matches!(name(path), "cookiecutter.json" | "copier.yml" | "copier.yaml") || path.ends_with(".template.config/template.json") {
            findings.file(path);
        }
    }
    for manifest in repository.manifests() {
        let offers = match manifest.kind() {
            "Template" => manifest.is("scaffolder.backstage.io/", "Template"),
            "Promise" => manifest.is("platform.kratix.io/", "Promise"),
            "CompositeResourceDefinition" | "Composition" => manifest.is("apiextensions.crossplane.io/", manifest.kind()),
            _ => false,
        };
        if offers {
            findings.place(&manifest.kind_place());
        }
    }
    findings.conclude(&["Backstage Template", "cookiecutter.json", "copier.yml", "Kratix Promise", "Crossplane Composition"], &[Candidates::Manifests(&["scaffolder.backstage.io", "platform.kratix.io", "crossplane.io"])])
}

#[cfg(test)]
mod tests {
    use super::SOFTWARE_TEMPLATES;
    use crate::test_support::check;

    #[test]
    fn what_services_are_made_from_counts() {
        check(&SOFTWARE_TEMPLATES, &[("a/template.yaml", "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\n")], &["a/template.yaml:2:1"]);
        check(&SOFTWARE_TEMPLATES, &[("cookiecutter.json", "{}")], &["cookiecutter.json"]);
        check(&SOFTWARE_TEMPLATES, &[("t.yaml", "apiVersion: template.openshift.io/v1\nkind: Template\n")], &["absent"]);
    }
}
