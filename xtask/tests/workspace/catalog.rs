//! The catalog asks only for what exists.

use truelevel_assess::Catalog;
use truelevel_metrics::METRICS;
use truelevel_practices::PRACTICES;

#[test]
fn every_practice_and_metric_that_the_catalog_asks_for_exists() {
    let practices: Vec<_> = PRACTICES.iter().map(|practice| practice.id).collect();
    let metrics: Vec<_> = METRICS.iter().map(|metric| metric.id).collect();
    let faults = Catalog::embedded().unwrap().faults(&practices, &metrics);
    assert!(faults.is_empty(), "the catalog is wrong:\n  {}", faults.join("\n  "));
}
