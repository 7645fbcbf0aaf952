use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The service is in a catalog, with an owner
    ///
    /// A catalog file names the service and who owns it: Backstage, Cortex, OpsLevel, Compass, Port, Datadog. Without
    /// an owner the entry does not count.
    pub(super) static SERVICE_CATALOG: Practice = {
        id: "service_catalog",
        subject: "platform",
        detect: detect,
        in_facts: None,
    };
}

const OWNERS: [&str; 9] = ["owner", "ownerId", "owners", "team", "x-cortex-owners", "ownedBy", "owning_team", "ownerTeam", "relations"];

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let is_backstage = manifest.is("backstage.io/", "Component") || manifest.is("backstage.io/", "System") || manifest.is("backstage.io/", "API");
        let is_other = is_catalog_file(name(manifest.path)) && name(manifest.path) != "catalog-info.yaml";
        if !is_backstage && !is_other {
            continue;
        }
        let owner = manifest.node.descendants().find_map(|node| OWNERS.into_iter().find(|key| node.get(key).is_some_and(is_given)).map(|key| (node, key)));
        if let Some((node, key)) = owner {
            findings.place(&manifest.key_place(node, key));
        }
    }
    findings.conclude(
        &["catalog-info.yaml", "cortex.yaml", "opslevel.yml", "compass.yml", "port.yml", "service.datadog.yaml"],
        &[Candidates::Manifests(&["backstage.io", "owner", "x-cortex"])],
    )
}

fn is_given(owner: &Node) -> bool {
    owner.text().is_some_and(|text| !text.trim().is_empty() && text != "unknown") || !owner.items().is_empty() || !owner.entries().is_empty()
}

fn is_catalog_file(name: &str) -> bool {
    let stem = name.trim_end_matches(".yaml").trim_end_matches(".yml");
    matches!(stem, "catalog-info" | "cortex" | "opslevel" | "compass" | "port" | "service.datadog" | "entity.datadog")
}

#[cfg(test)]
mod tests {
    use super::SERVICE_CATALOG;
    use crate::test_support::check;

    #[test]
    fn an_entry_with_an_owner_counts() {
        let entry = |owner: &str| format!("apiVersion: backstage.io/v1alpha1\nkind: Component\nspec:\n  type: service\n  owner: {owner}\n");
        check(&SERVICE_CATALOG, &[("catalog-info.yaml", &entry("payments"))], &["catalog-info.yaml:5:3"]);
        check(&SERVICE_CATALOG, &[("catalog-info.yaml", &entry("unknown"))], &["absent"]);
        check(&SERVICE_CATALOG, &[("templates/skeleton/catalog-info.yaml", &entry("payments"))], &["absent"]);
        check(&SERVICE_CATALOG, &[("opslevel.yml", "version: 1\nservice:\n  owner: payments\n")], &["opslevel.yml:3:3"]);
    }
}
