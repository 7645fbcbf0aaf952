//! Reviews, clustered by repository.

use rusqlite::{Connection, params};
use truelevel_model::{RepositoryId, Review, SourceId};

use super::columns::{
    bytes, commits, list, list_text, millis, name, optional_commit, optional_time, signed, time, unsigned,
};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Joining, Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["repository", "number", "source"];
const VALUES: &[&str] = &[
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
];

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

pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    reviews: &[Review],
    stays: Stays,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "review", IDENTITY, VALUES, stays)?;
    for review in reviews {
        counts.add(upsert.write(params![
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
        ])?);
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Review>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT number, source, opened_at, first_commit_at, first_response_at, approved_at, merged_at, merge_commit,
                is_automation, lines_changed, labels, commits, observed_at
         FROM review WHERE repository = ?1 ORDER BY number",
    )?;
    let mut reviews: Vec<Review> = Vec::new();
    for (key, repository) in names::all::<RepositoryId>(connection)? {
        let first = reviews.len();
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            reviews.push(Review {
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
                lines_changed: row.get::<_, Option<i64>>(9)?.map(unsigned),
                labels: list(row, 10)?,
                commits: commits(row, 11)?,
                observed_at: time(row, 12)?,
            });
        }
        // Keys are numbered as names came, which must not show; the cluster is nearly in order already.
        reviews[first..].sort_by(|a, b| (a.number, &a.source).cmp(&(b.number, &b.source)));
    }
    Ok(reviews)
}
