use super::{Commodity, tables::push_tables};
use crate::commands::pattern;
use crate::findings::Findings;
use crate::repository::Repository;

truelevel_model::declare! {
    /// A flag store of one's own
    ///
    /// A table `feature_flags`, `feature_toggles` or `feature_switches` with something that says whether a feature is on: made
    /// by a migration or standing in the schema. Targeting, gradual release, an audit of who switched what, and flags that are
    /// taken out again then have to be built, too.
    ///
    /// Not told: tables of flag products (Flipper, Waffle and others name theirs after themselves), tables of what a plan
    /// includes, and flags that are kept in code, in the environment or in a store that files do not show.
    pub static FLAG_STORE: Commodity = {
        id: "flag_store",
        instead: "a flag service behind OpenFeature, such as flagd, Unleash or a hosted one",
        find: find,
    };
}

pattern!(NAME = r"^(?:app_|application_|system_)?feature_?(?:flags?|toggles?|switch(?:es)?)$");
pattern!(IS_ON = r"(?i)enabled|rollout|percent|\b(?:is_?)?active\b|\bis_?on\b|\b(?:state|status|value|mode)\b");

fn find(repository: &Repository, findings: &mut Findings<'_>) {
    push_tables(repository, findings, &NAME, &[&IS_ON]);
}

#[cfg(test)]
mod tests {
    use super::FLAG_STORE;
    use crate::home_made::tests::check;

    #[test]
    fn a_table_that_says_what_is_on_is_a_flag_store() {
        let schema = "ActiveRecord::Schema[7.1].define(version: 2024_05_01) do\n  create_table \"events\", force: :cascade do |t|\n    t.string \"title\"\n  end\n\n  create_table \"feature_flags\", force: :cascade do |t|\n    t.string \"key\", null: false\n    t.boolean \"enabled\", default: false, null: false\n  end\nend\n";
        check(&FLAG_STORE, &[("db/schema.rb", schema), ("Gemfile", "gem \"rails\"\n")], &["db/schema.rb:6"]);
        let ecto = "defmodule Flags.Repo.Migrations.Create do\n  def change do\n    create table(:featureflags) do\n      add :name, :string\n      add :enabled, :boolean\n    end\n  end\nend\n";
        check(&FLAG_STORE, &[("priv/repo/migrations/1_create.exs", ecto)], &["priv/repo/migrations/1_create.exs:3"]);
    }

    #[test]
    fn tables_of_products_and_of_plans_are_none() {
        for table in [
            "CREATE TABLE feature_flags (id uuid, name text NOT NULL, description text);\nCREATE TABLE plans (enabled boolean);",
            "CREATE TABLE flipper_features (key text, enabled boolean);",
            "CREATE TABLE waffle_flag (name text, enabled boolean);",
            "CREATE TABLE feature_flag_assignments (id int, enabled boolean);",
        ] {
            check(&FLAG_STORE, &[("db/init.sql", table)], &[]);
        }
    }
}
