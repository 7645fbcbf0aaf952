//! Which of our names a sender's name means.

use std::collections::BTreeMap;

use truelevel_model::{RepositoryId, ServiceId};

/// Names under which senders know services and repositories, and the labels that mean something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Services by a sender's name of them.
    pub services: BTreeMap<String, String>,
    /// Repositories by a sender's name of them.
    pub repositories: BTreeMap<String, String>,
    /// Labels of an issue that make it an incident, in lower case.
    pub incident_labels: Vec<String>,
    /// Labels of an alert that name its service, the first one given wins.
    pub service_labels: Vec<String>,
}

impl Names {
    /// The service that a sender calls so: as configured, else the last part of the name.
    pub(super) fn service(&self, name: &str) -> ServiceId {
        let name = trimmed(name);
        ServiceId::new(self.services.get(name).map_or_else(|| last_part(name), String::as_str))
    }

    /// The service that a sender knows by any of these names: the first configured one, else the first as it is. These
    /// are titles that people write, not paths.
    pub(super) fn service_titled(&self, titles: &[&str]) -> Option<ServiceId> {
        let known = titles.iter().find_map(|title| self.services.get(*title));
        known.map(String::as_str).or(titles.first().copied()).map(ServiceId::new)
    }

    /// The service whose code lives in a repository.
    pub(super) fn service_of_repository(&self, name: &str) -> ServiceId {
        let name = trimmed(name);
        match self.services.get(name) {
            Some(service) => ServiceId::new(service),
            None => ServiceId::new(self.repository(name).as_str()),
        }
    }

    /// The repository that a sender calls so, by full name or address.
    pub(super) fn repository(&self, name: &str) -> RepositoryId {
        let name = trimmed(name);
        RepositoryId::new(self.repositories.get(name).map_or_else(|| last_part(name), String::as_str))
    }

    /// Whether a label makes an issue an incident.
    pub(super) fn is_incident_label(&self, label: &str) -> bool {
        let label = label.to_lowercase();
        self.incident_labels.contains(&label)
    }
}

fn trimmed(name: &str) -> &str {
    name.trim().trim_end_matches('/').trim_end_matches(".git")
}

fn last_part(name: &str) -> &str {
    name.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_senders_name_means_what_is_configured_else_its_last_part() {
        let names = Names {
            services: BTreeMap::from([("P123".to_owned(), "shop".to_owned())]),
            repositories: BTreeMap::from([("acme/web".to_owned(), "storefront".to_owned())]),
            ..Names::default()
        };
        let check = |name: &str, expected: &str| assert_eq!(names.repository(name).as_str(), expected);
        check("acme/web", "storefront");
        check("https://git.example.org/acme/basket.git", "basket");
        check("git@git.example.org:basket.git", "basket");
        check("basket/", "basket");
        assert_eq!(names.service("P123").as_str(), "shop");
        assert_eq!(names.service_of_repository("acme/web").as_str(), "storefront");
    }
}
