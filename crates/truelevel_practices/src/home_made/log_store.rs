use super::{Commodity, tables::push_tables};
use crate::commands::pattern;
use crate::findings::Findings;
use crate::repository::Repository;

truelevel_model::declare! {
    /// A log store of one's own
    ///
    /// A table of log lines: `logs`, `log_entries`, `application_logs` and such, with a level or severity and a message. Keeping,
    /// searching and deleting them then burdens the database that serves customers, and what happened cannot be read while
    /// that is down.
    ///
    /// Not told: records of what people did (audit logs), of deliveries or of other events of the business.
    pub static LOG_STORE: Commodity = {
        id: "log_store",
        instead: "logs on standard output, collected by OpenTelemetry, Fluent Bit or the platform into a log service",
        find: find,
    };
}

pattern!(
    NAME = r"^(?:(?:app|application|system|server|service|error|exception)_?)?logs?$|^log_(?:entry|entries|messages?|records?|lines?)$"
);
pattern!(LEVEL = r"(?i)\b(?:log_?)?(?:level|severity)\b");
pattern!(MESSAGE = r"(?i)\b(?:log_?)?(?:message|msg)\b");

fn find(repository: &Repository, findings: &mut Findings<'_>) {
    push_tables(repository, findings, &NAME, &[&LEVEL, &MESSAGE]);
}

#[cfg(test)]
mod tests {
    use super::LOG_STORE;
    use crate::home_made::tests::check;

    #[test]
    fn lines_with_a_level_and_a_message_are_a_log_store() {
        let made = "class Logs < ActiveRecord::Migration[7.0]\n  def change\n    create_table :application_logs do |t|\n      t.string :level\n      t.text :message\n      t.timestamps\n    end\n  end\nend\n";
        check(&LOG_STORE, &[("db/migrate/2_logs.rb", made)], &["db/migrate/2_logs.rb:3"]);
        check(
            &LOG_STORE,
            &[("a.sql", "CREATE TABLE [dbo].[Logs] (Id int, Message nvarchar(max), Level nvarchar(9));")],
            &["a.sql:1"],
        );
    }

    #[test]
    fn records_of_the_business_are_none() {
        check(&LOG_STORE, &[("a.sql", "CREATE TABLE audit_logs (level int, message text);")], &[]);
        check(&LOG_STORE, &[("a.sql", "CREATE TABLE logs (truck_id int, miles int, note text);")], &[]);
    }
}
