//! The page of the metrics.

use truelevel_assess::Catalog;
use truelevel_assess::conditions::Subject;
use truelevel_metrics::METRICS;
use truelevel_model::registry::{body, title};

use super::words;

pub(super) fn page(catalog: &Catalog) -> String {
    let mut text = words::heading(
        "Metrics",
        "the metrics' declarations",
        "Each metric is measured of one service in production. The version is raised when the same facts would give \
         another\nnumber; a measurement names it as its definition.",
    );
    for metric in METRICS {
        let better = match metric.higher_is_better {
            Some(true) => "higher is better",
            Some(false) => "lower is better",
            None => "neither higher nor lower is better by itself",
        };
        text.push_str(&format!(
            "\n## {id}\n\n**{title}**\n\nDefinition `{definition}` · {unit} · {better}\n\n{body}\n{decides}",
            id = metric.id,
            title = title(metric.docs),
            definition = metric.definition(),
            unit = words::unit(metric.unit),
            body = body(metric.docs),
            decides = words::decides(
                catalog,
                |subject| matches!(subject, Subject::Metric { metric: asked, .. } if asked == metric.id)
            ),
        ));
    }
    text
}
