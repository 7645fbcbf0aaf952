//! What everybody needs alike and can buy or adopt, where a repository shows that it was built: a file each.
//!
//! Only what files show plainly is told, with its places. That nothing is found says nothing: nobody claims absence here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use truelevel_model::{Detection, Evidence};

use crate::findings::Findings;
use crate::loading::Loader;
use crate::paths::{Role, folder};
use crate::repository::Repository;
use crate::text::Text;

mod deployment_server;
mod flag_store;
mod log_store;
mod metrics_store;
mod tables;

/// Something that is the same for everybody, declared with its text.
#[derive(Debug)]
pub struct Commodity {
    /// What it is and what shows it, for readers: a title line, then Markdown.
    pub docs: &'static str,
    /// The id, as written everywhere.
    pub id: &'static str,
    /// What to buy or adopt in its place.
    pub instead: &'static str,
    /// Finds the places that show a home-made one.
    find: fn(&Repository, &mut Findings<'_>),
}

/// All of them, by id.
pub static COMMODITIES: &[&Commodity] = &[
    &deployment_server::DEPLOYMENT_SERVER,
    &flag_store::FLAG_STORE,
    &log_store::LOG_STORE,
    &metrics_store::METRICS_STORE,
];

/// A commodity that was built, with the places that show it.
#[derive(Clone, Debug)]
pub struct HomeMade {
    /// What was built.
    pub commodity: &'static Commodity,
    /// Where it stands.
    pub evidence: Vec<Evidence>,
}

/// What a repository shows to be home-made, by id.
pub fn home_made(repository: &Repository) -> Vec<HomeMade> {
    let find = |commodity: &&'static Commodity| {
        let mut findings = Findings::new(repository);
        (commodity.find)(repository, &mut findings);
        let Detection::Present(evidence) = findings.conclude(&[], &[]) else { return None };
        Some(HomeMade { commodity, evidence })
    };
    COMMODITIES.iter().filter_map(find).collect()
}

/// Files of code that are read for this in one repository.
const CODE_FILES: usize = 600;
/// Bytes of one file: what people write and read is shorter.
const CODE_BYTES: u64 = 1 << 20;

/// Reads the code that can show it: where tables are made, and what deploys by its path.
pub(crate) fn read_code(loader: &Loader<'_>) -> BTreeMap<Arc<str>, Text> {
    let own = || loader.files().iter().filter(|file| file.role == Role::Own);
    // A schema as a whole says what stands today; the steps that led there also say what is gone.
    let whole = own().map(|file| &*file.path).filter(|path| tables::is_whole_schema(path));
    let whole: BTreeSet<&str> = whole.map(folder).collect();
    let is_step = |path: &str| {
        let below = |of: &&str| if of.is_empty() { Some(path) } else { path.strip_prefix(*of)?.strip_prefix('/') };
        whole.iter().filter_map(below).any(|below| below.to_ascii_lowercase().contains("migrat"))
    };
    let matters = |path: &str| {
        let makes_tables = tables::is_candidate(path) && !is_step(path);
        (makes_tables || deployment_server::is_candidate(path)) && !crate::detectors::is_test_file(path)
    };
    let chosen = own().filter(|file| matters(&file.path)).take(CODE_FILES);
    chosen.filter_map(|file| Some((file.path.clone(), loader.if_small(file, CODE_BYTES)?))).collect()
}

#[cfg(test)]
mod tests {
    use truelevel_model::{Locator, registry};

    use super::*;
    use crate::test_support::repository;

    /// Checks a commodity: `expected` lists `path:line`s.
    #[track_caller]
    pub(super) fn check(commodity: &Commodity, files: &[(&str, &str)], expected: &[&str]) {
        let found = home_made(&repository(files));
        let of_it = found.iter().filter(|found| found.commodity.id == commodity.id).flat_map(|found| &found.evidence);
        let places: Vec<String> = of_it
            .map(|evidence| match &evidence.locator {
                Locator::File { path, line, text, .. } => {
                    assert!(!text.is_empty());
                    format!("{path}:{line}")
                }
                Locator::Facts { summary } | Locator::Elsewhere { summary, .. } => summary.clone(),
            })
            .collect();
        assert_eq!(places, expected, "{}", commodity.id);
    }

    #[test]
    fn commodities_are_sorted_and_documented() {
        assert!(COMMODITIES.is_sorted_by(|a, b| a.id < b.id));
        for commodity in COMMODITIES {
            let title = registry::title(commodity.docs);
            assert!(!title.is_empty() && !title.ends_with('.'), "{}", commodity.id);
            assert!(registry::body(commodity.docs).len() > 80 && !commodity.instead.is_empty(), "{}", commodity.id);
        }
    }

    #[test]
    fn samples_tests_and_documents_show_nothing() {
        let table = "CREATE TABLE feature_flags (name text, enabled boolean);\n";
        for path in
            ["examples/db/schema.sql", "tests/schema.sql", "docs/schema.sql", "vendor/a/schema.sql", "schema.md"]
        {
            assert!(home_made(&repository(&[(path, table)])).is_empty(), "{path}");
        }
        assert_eq!(home_made(&repository(&[("db/schema.sql", table)])).len(), 1);
    }
}
