//! The catalog asks only for what exists, for all of it, and never for less at a higher level.

use truelevel_assess::Catalog;
use truelevel_metrics::METRICS;
use truelevel_practices::PRACTICES;

#[test]
fn the_catalog_is_without_faults() {
    let practices: Vec<_> = PRACTICES.iter().map(|practice| (practice.id, practice.subject)).collect();
    let metrics: Vec<_> = METRICS.iter().map(|metric| metric.id).collect();
    let faults = Catalog::embedded().unwrap().faults(&practices, &metrics);
    assert!(faults.is_empty(), "the catalog is wrong:\n  {}", faults.join("\n  "));
}
