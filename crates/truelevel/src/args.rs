//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use truelevel_engine::config::LONGEST_WINDOW_DAYS;
use truelevel_engine::demo;
use truelevel_engine::export::MEASURES;
use truelevel_engine::import::{Layout, kinds, layout_named};
use truelevel_model::Time;

/// Where does our software delivery really stand, and what do we fix next?
///
/// Measures the last 90 days of real deployments and changes, scores build, test, deploy, observe and recover from
/// located evidence, takes the lowest stage as the level, and names the one constraint to fix.
#[derive(Debug, Parser)]
#[command(name = "truelevel", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where the workspace keeps its facts: postgres://user@host/database, or a file; default: what the variable
    /// TRUELEVEL_STORE says, else .truelevel/ beside the truelevel.toml. A password belongs into PGPASSWORD
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub(crate) store: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole answer for repositories, deployment repositories or a workspace
    Assess(Assess),
    /// Who changed what: declarations, tokens, sign-ins, configuration
    Audit(Audit),
    /// Write a whole copy of the store, also while a server runs
    Backup(Backup),
    /// Bring a workspace's store up to date from its repositories
    Collect(Collect),
    /// What changed between two assessments, and whether it is more than noise
    Compare(Compare),
    /// Record what a team says of itself, to be shown beside what is measured
    Declare(Declare),
    /// Make up an organisation whose true answers are known, to look around in
    Demo(Demo),
    /// What is missing or stale, and what to connect for which answer
    Doctor(Doctor),
    /// What senders delivered, and what of it was not understood
    Events(Events),
    /// What a metric, practice, gate, question or reason code means, and what it is here
    Explain(Explain),
    /// Stored facts in the words of import, or measures, as CSV or JSON Lines
    Export(Export),
    /// Facts from files, as JSON Lines or CSV
    Import(Import),
    /// Write a truelevel.toml from what is found
    Init(Init),
    /// What to do, in order, with what has held long enough; as a page, tables, or issues for a forge
    Plan(Plan),
    /// Read kept events anew, as after a change of the configuration
    Replay(Replay),
    /// The dashboard and its API, and events from other systems, until asked to stop
    Serve(Serve),
    /// People who are signed in to the server
    Session(Session),
    /// Keep an assessment of a workspace; list, verify or fill in what is kept
    Snapshot(Snapshot),
    /// The store itself: copy it to another place
    Store(Store),
    /// Tokens with which others call the server
    Token(Token),
    /// The level, the answer and the plan if gates were met or metrics had other values
    WhatIf(WhatIf),
}

/// What to look at, and as of when.
#[derive(Debug, Group)]
pub(crate) struct Scope {
    /// Repositories, or one workspace (a truelevel.toml or its folder); default: the nearest workspace, else `.`
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Answer as of this instant (2026-08-21T17:00:00Z), or the end of this day in UTC (2026-08-21); default: now
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) as_of: Option<Time>,
    /// Length of the measured window in days; default: 90, or what the workspace says
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true, value_parser = parse_window)]
    pub(crate) window: Option<u32>,
    /// Only this service; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Vec<String>,
    /// Benchmark edition of the bands
    #[arg(long, value_name = "YEAR")]
    pub(crate) edition: Option<String>,
}

#[derive(Debug, Group)]
pub(crate) struct Assess {
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Exit with 1 when the proven level is below this
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) fail_under: Option<u8>,
    /// Exit with 4 when data is missing: something could not be read, or a question cannot be answered
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Group)]
pub(crate) struct Audit {
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// List at most this many, newest first
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) limit: usize,
    /// Form of the list; JSON is an object a line
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) format: ExplainFormat,
}

#[derive(Debug, Group)]
pub(crate) struct Backup {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct Session {
    #[command(subcommand)]
    pub(crate) action: SessionAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionAction {
    /// List who signed in during the last weeks
    List {
        /// A truelevel.toml or its folder; default: the nearest one
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// End a session, or all that a person has
    Revoke {
        /// What the session is called in the list, or the person's id there in parentheses
        #[arg(value_name = "SESSION|PERSON")]
        of: String,
        /// A truelevel.toml or its folder; default: the nearest one
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}

#[derive(Debug, Group)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Form of the plan
    #[arg(long, value_enum, default_value_t = PlanFormat::Markdown)]
    pub(crate) format: PlanFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// A page
    Markdown,
    /// For programs
    Json,
    /// A row for each action
    Csv,
    /// An array of what GitHub takes for each new issue: `jq -c '.[]'`, then `gh api repos/OWNER/REPO/issues --input -`
    GithubIssues,
    /// The file that GitLab's import of issues takes
    GitlabCsv,
}

#[derive(Debug, Group)]
pub(crate) struct WhatIf {
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Suppose that this gate is met in every service; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) gate: Vec<String>,
    /// Suppose that a metric has this value in every service, as `change_lead_time=6 hours`; may be given several times
    #[arg(long, value_name = "ID=VALUE")]
    pub(crate) metric: Vec<String>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) format: ExplainFormat,
}

#[derive(Debug, Group)]
pub(crate) struct Collect {
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// Which of the kept events.
#[derive(Debug, Group)]
pub(crate) struct WhichEvents {
    /// Only those that became this; default: what was not understood
    #[arg(long, value_enum, default_value_t = EventFilter::Quarantined)]
    pub(crate) state: EventFilter,
    /// Only those of this sender
    #[arg(long, value_name = "ID")]
    pub(crate) sender: Option<String>,
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct Events {
    #[command(flatten)]
    pub(crate) which: WhichEvents,
    /// List at most this many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Group)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) which: WhichEvents,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFilter {
    /// Something in it was not understood
    Quarantined,
    /// It became facts
    Normalised,
    /// It says nothing about delivery
    Ignored,
    /// All of them
    All,
}

#[derive(Debug, Group)]
pub(crate) struct Compare {
    /// Two of: the number of a snapshot, a time (the newest snapshot up to then), a file that `assess --format json`
    /// wrote. One is compared with the last snapshot; without any, the last two snapshots are
    #[arg(value_name = "WHICH", num_args = 0..=2)]
    pub(crate) references: Vec<String>,
    /// The workspace that keeps the snapshots; default: the nearest one
    #[arg(long, value_name = "PATH")]
    pub(crate) workspace: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = CompareFormat::Text)]
    pub(crate) format: CompareFormat,
}

#[derive(Debug, Group)]
pub(crate) struct Declare {
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read everything from a file: `by`, `reason`, and tables `[[stage]]` and `[[gate]]`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stage", "gate", "by", "reason", "service"])]
    pub(crate) file: Option<PathBuf>,
    /// The stage or lane; without this, --gate and --file, a terminal is asked
    #[arg(long, value_name = "STAGE", requires = "level", conflicts_with = "gate")]
    pub(crate) stage: Option<String>,
    /// The level of the stage
    #[arg(long, value_name = "LEVEL", requires = "stage", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) level: Option<u8>,
    /// The gate
    #[arg(long, value_name = "GATE", requires = "answer")]
    pub(crate) gate: Option<String>,
    /// The answer to the gate
    #[arg(long, value_name = "ANSWER", requires = "gate", value_enum)]
    pub(crate) answer: Option<Said>,
    /// Who says so: a team or role, never a person's name
    #[arg(long, value_name = "TEAM")]
    pub(crate) by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// The service that it is said of; default: everything in the workspace
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// When it was said; default: now
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) at: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Said {
    /// It is met
    Yes,
    /// It is not met
    No,
    /// The team does not know
    Unknown,
}

#[derive(Debug, Group)]
pub(crate) struct Demo {
    /// The folder to make; it must not hold a workspace yet
    #[arg(value_name = "FOLDER", default_value = "truelevel-demo")]
    pub(crate) folder: PathBuf,
    /// How many services the organisation has
    #[arg(long, value_name = "COUNT", default_value_t = 36, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) services: u32,
    /// The same seed makes the same organisation
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many weeks of its past are known
    #[arg(long, value_name = "COUNT", default_value_t = 39, value_parser = clap::value_parser!(u32).range(1..=520))]
    pub(crate) weeks: u32,
    /// What holds it back
    #[arg(long, value_name = "NAME", default_value = "mixed", value_parser = PossibleValuesParser::new(
        demo::Constraint::ALL.map(|(name, _)| name)
    ))]
    pub(crate) constraint: String,
    /// Where its past ends; default: now
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) as_of: Option<Time>,
    /// Only changes, production deployments and incidents: what measuring scans
    #[arg(long)]
    pub(crate) narrow: bool,
    /// Changes per deployment, as a multiple of what such teams ship
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, hide = true)]
    pub(crate) batch: f64,
}

#[derive(Debug, Group)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) format: ExplainFormat,
}

#[derive(Debug, Group)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// What to write: `measures`, or a kind of fact as `import` has it
    #[arg(long, value_name = "KIND", value_parser = parse_export_kind)]
    pub(crate) kind: ExportKind,
    /// Their format
    #[arg(long, value_enum, default_value_t = RecordFormat::Csv)]
    pub(crate) format: RecordFormat,
}

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ExportKind {
    Facts(&'static Layout),
    Measures,
}

#[derive(Debug, Group)]
pub(crate) struct Explain {
    /// The id, as every page prints it; without one, everything that can be explained is listed
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// List every event, not the first ones
    #[arg(long)]
    pub(crate) all: bool,
    /// The definition alone; reads no repository
    #[arg(long)]
    pub(crate) definition: bool,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) format: ExplainFormat,
}

/// Files of deployments, incidents, reviews, pipeline runs, services, declarations, incident links, evidence or usage of assistants.
#[derive(Debug, Group)]
pub(crate) struct Import {
    /// Files as JSON Lines or CSV, also packed with gzip; `-` for what comes in
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What the records are; default: what each says itself, else what the file's name begins with
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    pub(crate) kind: Option<&'static Layout>,
    /// Their format; default: what the file's name or content says
    #[arg(long, value_enum)]
    pub(crate) format: Option<RecordFormat>,
    /// The source of records that name none; default: import, or the product that a table is from
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// The zone of times that are written without one, such as Europe/London; without it they are rejected
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// Write the records that are rejected to this file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Exit with 4 when a record is rejected
    #[arg(long)]
    pub(crate) strict: bool,
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(long, value_name = "PATH")]
    pub(crate) workspace: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct Init {
    /// The folder to look in and write to
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Begin without a repository: for facts that are sent or imported
    #[arg(long)]
    pub(crate) empty: bool,
    /// Write over a truelevel.toml that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print it and write nothing
    #[arg(long)]
    pub(crate) print: bool,
}

#[derive(Debug, Group)]
pub(crate) struct Serve {
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8320")]
    pub(crate) listen: SocketAddr,
    /// Check configuration, secrets and store, and end
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Group)]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) action: StoreAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreAction {
    /// Copy a whole store into an empty one, and check that everything arrived
    Copy {
        /// The store that is there: a file, or postgres://user@host/database
        from: String,
        /// The empty one
        to: String,
    },
}

#[derive(Debug, Group)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) action: TokenAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenAction {
    /// Make a token and print it; it is not shown again
    Create {
        /// What it is called
        name: String,
        /// What its bearer may do
        #[arg(long, value_enum)]
        scope: TokenScope,
        /// When it ends (2027-01-31, or a time); default: never
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        expires: Option<Time>,
        /// A truelevel.toml or its folder; default: the nearest one
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// List all tokens, never the secret itself
    List {
        /// A truelevel.toml or its folder; default: the nearest one
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Take a token back
    Revoke {
        /// What it is called
        name: String,
        /// A truelevel.toml or its folder; default: the nearest one
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenScope {
    /// Send events
    Ingest,
    /// Read what is measured
    Read,
    /// Both
    Admin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A page for people
    Text,
    /// The contract truelevel/assessment/v1
    Json,
    /// For pull requests and wikis
    Markdown,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// A report in one file: charts, evidence and definitions; open it from disk or mail it
    Html,
}

#[derive(Debug, Group)]
pub(crate) struct Snapshot {
    /// A truelevel.toml or its folder; default: the nearest one
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Answer as of this instant, or the end of this day in UTC; default: now
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) as_of: Option<Time>,
    /// Fill in the last whole ISO weeks that have no snapshot, from the facts that are known now
    #[arg(long, value_name = "WEEKS", conflicts_with_all = ["list", "verify"])]
    pub(crate) backfill: Option<usize>,
    /// List what is kept
    #[arg(long, conflicts_with = "verify")]
    pub(crate) list: bool,
    /// Check that every snapshot is what was written; exit with 1 and name the first that is not
    #[arg(long)]
    pub(crate) verify: bool,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) format: ExplainFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    /// A page for people
    Text,
    /// The contract truelevel/comparison/v1
    Json,
    /// For pull requests and wikis
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// A page for people
    Text,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordFormat {
    /// A JSON object a line
    Jsonl,
    /// Comma-separated values with a header
    Csv,
}

fn parse_export_kind(text: &str) -> Result<ExportKind, String> {
    match layout_named(text) {
        _ if text == MEASURES => Ok(ExportKind::Measures),
        Some(layout) => Ok(ExportKind::Facts(layout)),
        None => Err(format!("allowed: {MEASURES}, {}", kinds())),
    }
}

fn parse_kind(text: &str) -> Result<&'static Layout, String> {
    layout_named(text).ok_or_else(|| format!("allowed: {}", kinds()))
}

fn parse_window(text: &str) -> Result<u32, String> {
    let days = text.parse().ok().filter(|days| (1..=LONGEST_WINDOW_DAYS).contains(days));
    days.ok_or_else(|| format!("allowed are 1 to {LONGEST_WINDOW_DAYS} days"))
}

fn parse_time(text: &str) -> Result<Time, String> {
    Time::parse(text).map_err(|error| error.to_string())
}
