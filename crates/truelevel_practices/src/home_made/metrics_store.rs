use super::{Commodity, tables::push_tables};
use crate::commands::pattern;
use crate::findings::Findings;
use crate::repository::Repository;

truelevel_model::declare! {
    /// A metrics store of one's own
    ///
    /// A table of samples over time that are about machines or requests: `metric_samples`, `server_metrics`, `time_series_points`
    /// and such, with a time and with something like processor, memory, latency, host or labels. Thinning out, aggregating,
    /// alerting and drawing then have to be built, too.
    ///
    /// Not told: figures of the business, and databases that are made for time series.
    pub static METRICS_STORE: Commodity = {
        id: "metrics_store",
        instead: "Prometheus or another time series service, fed by OpenTelemetry",
        find: find,
    };
}

pattern!(
    NAME = r"^(?:system|server|host|node|machine|app|application|request|response|performance|service|api|http|container|pod|process)_?metrics?(?:_(?:samples?|points?|values?|data|history))?$|^metrics?_(?:samples?|points?|data_?points?|values?|readings?|history|data)$|^time_?series(?:_(?:samples?|points?|data_?points?|values?|data))?$"
);
pattern!(TIME = r"(?i)\bts\b|time|_at\b|bucket");
pattern!(
    MACHINE = r"(?i)cpu|\bmem(?:ory)?(?:_|\b)|latency|duration|throughput|error_rate|response_time|\brequests?\b|requests?_count|\bhost(?:name)?(?:_id)?\b|\bserver(?:_id|_name)?\b|\binstance(?:_id)?\b|\blabels?\b|\btags\b|\bp9[059]\b"
);

fn find(repository: &Repository, findings: &mut Findings<'_>) {
    push_tables(repository, findings, &NAME, &[&TIME, &MACHINE]);
}

#[cfg(test)]
mod tests {
    use super::METRICS_STORE;
    use crate::home_made::tests::check;

    #[test]
    fn samples_of_machines_over_time_are_a_metrics_store() {
        let samples = "-- raw samples\nCREATE TABLE metric_samples (\n  server_id BIGINT NOT NULL REFERENCES servers(id),\n  ts TIMESTAMPTZ NOT NULL,\n  cpu_pct DOUBLE PRECISION,\n  load1 DOUBLE PRECISION\n);\n";
        check(&METRICS_STORE, &[("migrations/0003_metrics.sql", samples)], &["migrations/0003_metrics.sql:2"]);
        let model = "model ServerMetric {\n  id Int @id\n  latencyMs Float\n  recordedAt DateTime\n}\n";
        check(&METRICS_STORE, &[("prisma/schema.prisma", model)], &["prisma/schema.prisma:1"]);
    }

    #[test]
    fn figures_of_the_business_are_none() {
        let health = "CREATE TABLE metric_values (patient_id int, weight float, taken_at timestamptz);";
        check(&METRICS_STORE, &[("a.sql", health)], &[]);
        check(&METRICS_STORE, &[("a.sql", "CREATE TABLE metrics (host text, cpu float);")], &[]);
        check(&METRICS_STORE, &[("a.sql", "CREATE TABLE server_metrics (host text, cpu float);")], &[]);
    }
}
