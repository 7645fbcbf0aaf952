use crate::Practice;
use crate::findings::Findings;
use crate::repository::Repository;
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The database changes by versioned migrations
    ///
    /// Changes of the schema are files that are applied in order: Flyway, Liquibase, Rails, Django, Alembic, Entity
    /// Framework, Prisma, Ecto, Knex, golang-migrate, goose, dbmate, sqlx, Diesel, Atlas. A schema that is changed by
    /// hand holds every deployment back.
    pub(super) static DATABASE_MIGRATIONS: Practice = {
        id: "database_migrations",
        subject: "deploy",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    MIGRATION = r"(?i)(?:^|/)(?:V\d[\w.]*__\w[^/]*\.(?:sql|java|kt)|db\.changelog[^/]*\.(?:xml|ya?ml|json|sql)|changelog-master\.(?:xml|ya?ml)|db/migrate/\d+_\w+\.rb|migrations/\d{4}_\w+\.py|(?:alembic|migrations)/versions/\w+\.py|migrations?/\d[\w.-]*\.(?:sql|js|ts|php|go|cs|exs)|migrations?/\d[\w-]*/(?:up|migration)\.sql|Migrations/\d{10,}_\w+\.cs|(?:db|database|sql)/migrations?/[^/]+\.(?:sql|js|ts|php|exs)|priv/repo/migrations/\w+\.exs|atlas\.hcl|flyway\.(?:conf|toml)|\.sequelizerc)$"
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.own_paths().filter(|path| MIGRATION.is_match(path)) {
        findings.file(path);
    }
    findings.conclude(&["V1__name.sql of Flyway", "db.changelog of Liquibase", "db/migrate/*.rb", "migrations/*.sql and their like", "alembic/versions/*.py"], &[])
}

#[cfg(test)]
mod tests {
    use super::DATABASE_MIGRATIONS;
    use crate::test_support::check;

    #[test]
    fn numbered_files_in_the_places_of_tools_count() {
        for path in [
            "src/main/resources/db/migration/V001__base.sql",
            "db/migrate/20240101000000_add_users.rb",
            "shop/migrations/0001_initial.py",
            "migrations/20240101000000_initial_schema.sql",
            "prisma/migrations/20240101_init/migration.sql",
            "src/Data/Migrations/20240101120000_Initial.cs",
        ] {
            check(&DATABASE_MIGRATIONS, &[(path, "x")], &[path]);
        }
        check(&DATABASE_MIGRATIONS, &[("migrations/README.md", "x"), ("tests/migrations/0001_a.py", "x"), ("schema.sql", "x")], &["absent"]);
    }
}
