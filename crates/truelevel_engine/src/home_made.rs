//! What repositories show to be home-made, though everybody can buy or adopt it.

use std::collections::BTreeSet;

use truelevel_assess::conditions::shown;
use truelevel_model::decision::HomeMade;
use truelevel_model::registry::title;

use crate::assess::Prepared;
use crate::matching::Service;

impl Prepared {
    /// What the repositories of some services show; of all services, also what those show that no service comes from.
    pub(crate) fn home_made(&self, asked: &[&Service]) -> Vec<HomeMade> {
        let used: BTreeSet<usize> = asked.iter().flat_map(|service| service.places()).collect();
        let is_whole = self.is_whole(asked);
        let web_addresses = self.web_addresses();
        let repositories = self.collected.repositories.iter().zip(&self.detected).enumerate();
        let mut all: Vec<HomeMade> = repositories
            .filter(|(place, _)| is_whole || used.contains(place))
            .flat_map(|(_, (repository, detected))| detected.home_made.iter().map(move |found| (repository, found)))
            .map(|(repository, found)| HomeMade {
                commodity: found.commodity.id.to_owned(),
                title: title(found.commodity.docs).to_owned(),
                instead: found.commodity.instead.to_owned(),
                repository: repository.id.as_str().to_owned(),
                places: found.evidence.iter().map(|it| shown(found.commodity.id, it, &web_addresses)).collect(),
            })
            .collect();
        all.sort_by(|a, b| (&a.commodity, &a.repository).cmp(&(&b.commodity, &b.repository)));
        all
    }
}
