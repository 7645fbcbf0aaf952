//! Reviews, clustered by repository.

use truelevel_model::{RepositoryId, Review, SourceId};

use crate::columns::{
    bytes, commits, list, list_text, millis, name, optional_commit, optional_time, signed, time, unsigned,
};
use crate::failure::Failure;
use crate::sql::{Connection, row, values};
use crate::tables::names::{self, Names};

use crate::upsert::{Joining, Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "review",
    identity: &["repository", "number", "source"],
    values: &[
        "opened_at",
        "first_commit_at",
        "first_response_at",
        "approved_at",
        "merged_at",
        "merge_commit",
        "is_automation",
        "lines_changed",
        "labels",
        "commits",
        "observed_at",
    ],
    optional: None,
};

/// By value, when several observations of one review are joined.
pub(crate) const JOINING: &[Joining] = &[
    Joining::Later,
    Joining::Earliest,
    Joining::Earliest,
    Joining::Earliest,
    Joining::LaterIfSaid,
    Joining::LaterIfSaid,
    Joining::Later,
    Joining::LaterIfSaid,
    Joining::Later,
    Joining::LaterIfSaid,
];

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    reviews: impl Iterator<Item = &'f Review> + Clone,
    stays: Stays,
) -> Result<Vec<Effect>, Failure> {
    names.learn(connection, reviews.clone().map(|review| &review.repository))?;
    let rows = reviews.map(|review| {
        Ok(row![
            names.key(connection, &review.repository)?,
            signed(review.number),
            names.key(connection, &review.source)?,
            review.opened_at.millis(),
            millis(review.first_commit_at),
            millis(review.first_response_at),
            millis(review.approved_at),
            millis(review.merged_at),
            bytes(review.merge_commit.as_ref()),
            review.is_automation,
            review.lines_changed.map(signed),
            list_text(&review.labels),
            review.commits.iter().flat_map(|commit| commit.0).collect::<Vec<u8>>(),
            review.observed_at.millis(),
        ])
    });
    connection.upsert(&TABLE, stays, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Review>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let sql =
        "SELECT number, source, opened_at, first_commit_at, first_response_at, approved_at, merged_at, merge_commit,
                is_automation, lines_changed, labels, commits, observed_at
         FROM review WHERE repository = ?1 ORDER BY number";
    let mut reviews: Vec<Review> = Vec::new();
    for (key, repository) in names::all::<RepositoryId>(connection)? {
        let mut some: Vec<Review> = connection.all(sql, &values![key], |row| {
            Ok(Review {
                source: name(row, 1, &sources)?,
                repository: repository.clone(),
                number: unsigned(row.get(0)?),
                opened_at: time(row, 2)?,
                first_commit_at: optional_time(row, 3)?,
                first_response_at: optional_time(row, 4)?,
                approved_at: optional_time(row, 5)?,
                merged_at: optional_time(row, 6)?,
                merge_commit: optional_commit(row, 7)?,
                is_automation: row.get(8)?,
                lines_changed: row.get::<Option<i64>>(9)?.map(unsigned),
                labels: list(row, 10)?,
                commits: commits(row, 11)?,
                observed_at: time(row, 12)?,
            })
        })?;
        // Keys are numbered as names came, which must not show; the cluster is nearly in order already.
        some.sort_by(|a, b| (a.number, &a.source).cmp(&(b.number, &b.source)));
        reviews.append(&mut some);
    }
    Ok(reviews)
}
