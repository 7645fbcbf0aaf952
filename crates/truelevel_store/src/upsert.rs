//! Writing a fact so that it is known whether it was new, changed or the same: what the databases share of it.

/// A table of facts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The columns by which its rows are told apart.
    pub(crate) identity: &'static [&'static str],
    /// Its other columns.
    pub(crate) values: &'static [&'static str],
    /// The column of the identity that may be null, which then is a value like any other.
    pub(crate) optional: Option<&'static str>,
}

impl Table {
    /// The order in which a row's values are given.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.identity.iter().chain(self.values).copied()
    }
}

/// Which of two facts with one identity stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stays {
    /// The one observed later; of two observed together, the one written later. The table's last value column is
    /// `observed_at`.
    ObservedLater,
    /// The one written later.
    WrittenLater,
    /// A part of each, column by column; there is a rule for every value but the last, which is `observed_at`.
    Joined(&'static [Joining]),
}

/// What becomes of a column when two observations of one fact are joined, whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    /// What was observed later.
    Later,
    /// What was observed later, unless it says nothing; an empty list says nothing.
    LaterIfSaid,
    /// The smaller one: the first time that something happened.
    Earliest,
}

/// How one database says what [`Joining`] asks of a column.
pub(crate) struct Spelling<'s> {
    /// The values that say nothing, with commas between them.
    pub(crate) nothing: &'s str,
    /// The smaller of two values.
    pub(crate) smaller: &'s str,
    /// Whether what is given was observed later.
    pub(crate) is_newer: &'s str,
}

impl Joining {
    /// The joined value of what is stored and what is given.
    pub(crate) fn sql(self, stored: &str, given: &str, spelling: &Spelling<'_>) -> String {
        let Spelling { nothing, smaller, is_newer } = spelling;
        match self {
            Self::Later => format!("CASE WHEN {is_newer} THEN {given} ELSE {stored} END"),
            Self::LaterIfSaid => format!(
                "CASE WHEN {given} IN ({nothing}) THEN {stored} WHEN {stored} IN ({nothing}) THEN {given} \
                 WHEN {is_newer} THEN coalesce({given}, {stored}) ELSE coalesce({stored}, {given}) END"
            ),
            Self::Earliest => format!("coalesce({smaller}({stored}, {given}), {stored}, {given})"),
        }
    }
}
