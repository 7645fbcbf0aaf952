//! The tables that a repository's database code makes: a schema as a whole, or migrations.
//!
//! Nothing is run. A table that a later file takes away is not told of.

use std::collections::BTreeSet;

use regex::{Captures, Regex};

use crate::commands::pattern;
use crate::findings::Findings;
use crate::paths::{ends_with, folder, name};
use crate::repository::Repository;
use crate::text::Text;

/// A table, where it is made.
struct Table<'r> {
    path: &'r str,
    /// Line and column of the words that make it.
    place: (u32, u32),
    /// The line.
    text: &'r str,
    /// Its name in snake case, without its schema.
    name: String,
    /// What follows, up to the next table: its columns, in whatever language.
    columns: &'r str,
}

/// Columns of one table stand within so many bytes.
const COLUMNS_BYTES: usize = 4_000;

pattern!(
    /// SQL, Ecto, ActiveRecord, Alembic, Knex, Laravel, Django, Liquibase, Prisma.
    CREATED = r"(?im)\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?([\w.$\x60\x22\[\]]+)|\bcreate\s+table\s*\(\s*:(\w+)|<createTable\b[^>]*\btableName=\x22(\w+)|\bcreate_?table(?:_?if_?not_?exists)?\W{1,20}(\w+)|\bSchema::create\W{1,4}(\w+)|\bCreateModel\(\s*name\s*=\s*\W(\w+)|^model\s+(\w+)\s*\{"
);
pattern!(
    REMOVED = r"(?i)\bdrop\s+table\s+(?:if\s+exists\s+)?([\w.$\x60\x22\[\]]+)|\bdrop\s+table\s*\(\s*:(\w+)|<dropTable\b[^>]*\btableName=\x22(\w+)|\bdrop_?table(?:_?if_?exists)?\W{1,20}(\w+)|\bSchema::drop(?:IfExists)?\W{1,4}(\w+)|\bDeleteModel\(\s*name\s*=\s*\W(\w+)"
);

/// Finds the tables of a name that have columns of each kind, each by a pattern.
pub(super) fn push_tables(repository: &Repository, findings: &mut Findings<'_>, name: &Regex, columns: &[&Regex]) {
    for table in tables(repository, |found| name.is_match(found)) {
        if columns.iter().all(|column| column.is_match(table.columns)) {
            findings.push(table.path, table.place.0, table.place.1, table.text);
        }
    }
}

/// Whether a file says what the database holds as a whole.
pub(super) fn is_whole_schema(path: &str) -> bool {
    matches!(name(path), "schema.rb" | "structure.sql" | "schema.prisma")
}

/// Whether a file may make tables.
pub(super) fn is_candidate(path: &str) -> bool {
    if is_whole_schema(path) || ends_with(path, &[".sql"]) {
        return true;
    }
    let lower = folder(path).to_ascii_lowercase();
    (lower.contains("migrat") || lower.contains("changelog") || lower.ends_with("alembic/versions"))
        && ends_with(path, &[".cs", ".exs", ".go", ".java", ".js", ".kt", ".php", ".py", ".rb", ".rs", ".ts", ".xml"])
}

/// The tables whose name fits, each where it is made first.
fn tables(repository: &Repository, fits: impl Fn(&str) -> bool) -> Vec<Table<'_>> {
    let code = || repository.code().filter(|(path, _)| is_candidate(path));
    let mut tables: Vec<Table<'_>> = Vec::new();
    for (path, text) in code() {
        let made: Vec<Captures<'_>> = CREATED.captures_iter(text.as_str()).filter(|made| is_said(text, made)).collect();
        for (place, captures) in made.iter().enumerate() {
            let (whole, Some(name)) = (captures.get_match(), named(captures)) else { continue };
            if !fits(&name) || tables.iter().any(|known| known.path == path && known.name == name) {
                continue;
            }
            let next = made.get(place + 1).map_or(text.as_str().len(), |next| next.get_match().start());
            let end = floor(text.as_str(), next.min(whole.end() + COLUMNS_BYTES));
            let at = text.place_of(whole.start());
            tables.push(Table {
                path,
                place: at,
                text: text.line(at.0),
                name,
                columns: &text.as_str()[whole.end()..end],
            });
        }
    }
    for (path, text) in code().filter(|(path, _)| !is_way_back(path)) {
        let removed: BTreeSet<String> =
            REMOVED.captures_iter(text.as_str()).filter_map(|removed| named(&removed)).collect();
        // A migration that makes a table also says how it is taken back.
        let makes = |name: &str| tables.iter().any(|table| table.path == path && table.name == name);
        let gone: Vec<String> = removed.into_iter().filter(|name| !makes(name)).collect();
        tables.retain(|table| table.path > path || !gone.contains(&table.name));
    }
    tables
}

/// The name that one of the ways to write it gave.
fn named(captures: &Captures<'_>) -> Option<String> {
    let written = captures.iter().skip(1).flatten().next()?.as_str();
    let bare = written.rsplit('.').next()?.trim_matches(['"', '`', '[', ']']);
    let mut name = String::new();
    let mut was_lower = false;
    for c in bare.chars() {
        if c.is_ascii_uppercase() && was_lower {
            name.push('_');
        }
        was_lower = c.is_ascii_lowercase();
        name.push(c.to_ascii_lowercase());
    }
    Some(name)
}

/// Whether the words are no comment.
fn is_said(text: &Text, captures: &Captures<'_>) -> bool {
    let (line, _) = text.place_of(captures.get_match().start());
    let line = text.line(line).trim_start();
    !["--", "#", "//", "*", "/*"].iter().any(|mark| line.starts_with(mark))
}

/// Whether a file undoes what another one did.
fn is_way_back(path: &str) -> bool {
    path.to_ascii_lowercase()
        .split(['/', '.', '_', '-'])
        .any(|part| matches!(part, "down" | "rollback" | "undo" | "revert"))
}

/// The last place up to `at` where a character begins.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::repository;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let repository = repository(files);
        let found: Vec<String> = tables(&repository, |name| name.starts_with("feature"))
            .iter()
            .map(|table| format!("{}:{} {}", table.path, table.place.0, table.name))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_way_to_make_a_table_is_read() {
        for (path, text) in [
            ("init.sql", "CREATE TABLE IF NOT EXISTS \"public\".\"feature_flags\" (\n  a int);"),
            ("db/schema.rb", "  create_table \"feature_flags\", force: :cascade do |t|\n"),
            ("db/migrate/1_a.rb", "    create_table(:feature_flags) do |t|\n"),
            ("alembic/versions/1.py", "op.create_table('feature_flags',\n"),
            ("migrations/1.js", "knex.schema.createTable('feature_flags', t => {\n"),
            ("database/migrations/1.php", "Schema::create('feature_flags', function ($t) {\n"),
            ("app/migrations/0001.py", "migrations.CreateModel(name='FeatureFlags', fields=[\n"),
            ("priv/repo/migrations/1.exs", "create table(:feature_flags) do\n"),
            ("db/changelog/1.xml", "<createTable schemaName=\"a\" tableName=\"feature_flags\">\n"),
            ("prisma/schema.prisma", "model FeatureFlags {\n  id Int\n}\n"),
        ] {
            check(&[(path, text)], &[&format!("{path}:1 feature_flags")]);
        }
        check(&[("init.sql", "-- create table feature_flags (\n")], &[]);
        check(&[("src/table.rb", "create_table :feature_flags\n")], &[]);
    }

    #[test]
    fn a_table_that_is_gone_is_not_told_of() {
        let (made, removed) = ("create table feature_flags (\n);\n", "drop table feature_flags;\n");
        check(&[("migrations/1.sql", made), ("migrations/2.sql", removed)], &[]);
        check(
            &[("migrations/1.up.sql", made), ("migrations/1.down.sql", removed)],
            &["migrations/1.up.sql:1 feature_flags"],
        );
        check(&[("migrations/1.sql", removed), ("migrations/2.sql", made)], &["migrations/2.sql:1 feature_flags"]);
        let both = "def up; create_table :feature_flags; end\ndef down; drop_table :feature_flags; end\n";
        check(&[("db/migrate/1_a.rb", both)], &["db/migrate/1_a.rb:1 feature_flags"]);
        check(&[("db/migrate/1_a.rb", both), ("db/schema.rb", "create_table \"users\"\n")], &[]);
    }
}
