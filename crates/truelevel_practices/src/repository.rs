//! What detectors look at: the files of one commit, chosen, read and parsed once.

use std::collections::BTreeMap;
use std::sync::Arc;

use truelevel_model::{CommitId, RepositoryId, Time};

use crate::loading::{Document, Loader, Taken, Unusable};
use crate::manifests::Manifest;
use crate::paths::{File, Role};
use crate::pipelines::{self, Branches, Job, Pipeline, TriggerKind};
use crate::text::Text;

/// Reads files of the tree.
pub trait ReadFile: Sync {
    /// The content of a file, or why it cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// The bytes of a file, without reading it; `None` when that cannot be told.
    fn size(&self, path: &str) -> Option<u64>;

    /// A file of another repository, which a forge calls `OWNER/NAME`, at the newest commit that is looked at.
    fn elsewhere(&self, _repository: &str, _path: &str) -> Elsewhere {
        Elsewhere::NotAtHand
    }

    /// The one repository at hand that is a library of Jenkins with this step (`vars/STEP.groovy`), by a name that
    /// [`Self::elsewhere`] knows; `None` where several are, or none.
    fn library_with(&self, _step: &str) -> Option<String> {
        None
    }
}

/// What is known of a file of another repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// The repository is none of those that were given, or its files cannot be read.
    NotAtHand,
    /// The repository holds no such file.
    NoSuchFile,
    /// The file.
    File {
        /// Where it is kept.
        origin: Origin,
        /// What it holds.
        content: Vec<u8>,
    },
}

/// Where a file is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The repository.
    pub repository: RepositoryId,
    /// The commit whose tree holds it.
    pub commit: CommitId,
    /// The path there, with `/`.
    pub path: String,
}

/// A regular file; symbolic links and submodules are never listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// The path, with `/`.
    pub path: String,
}

/// The tree of one commit.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The repository.
    pub id: RepositoryId,
    /// The commit.
    pub commit: CommitId,
    /// When the commit was looked at.
    pub observed_at: Time,
    /// The default branch where it is known; otherwise the usual names count as it.
    pub default_branch: Option<String>,
    /// All regular files.
    pub files: Vec<FileEntry>,
}

/// Something relevant that could not be read as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The path; empty for the tree as a whole.
    pub path: String,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Column in characters, from 1; 0 for the line as a whole.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

/// The files whose failing would have hidden a practice.
#[derive(Clone, Copy)]
pub(crate) enum Candidates {
    /// CI files, and jobs that they take from elsewhere.
    Pipelines,
    /// Jobs for which this holds, where the file does not say what starts them.
    Starts(fn(&Job) -> bool),
    /// Terraform.
    Terraform,
    /// Infrastructure files in YAML that hold one of these words.
    Manifests(&'static [&'static str]),
    /// Files whose path says that they matter.
    Paths(fn(&str) -> bool),
}

/// One commit's files as detectors see them.
pub struct Repository {
    id: RepositoryId,
    commit: CommitId,
    observed_at: Time,
    files: Vec<File>,
    texts: BTreeMap<Arc<str>, Text>,
    code: BTreeMap<Arc<str>, Text>,
    /// The files of other repositories that pipelines are made of, by `OWNER/NAME:PATH`.
    taken: BTreeMap<Arc<str>, Taken>,
    pub(crate) documents: Vec<Document>,
    documents_complete: bool,
    pub(crate) pipelines: Vec<Pipeline>,
    warnings: Vec<Warning>,
    unusable: Vec<Unusable>,
    left_out: Vec<Arc<str>>,
}

impl Repository {
    /// Chooses candidates by path, reads and parses them; nothing is read afterwards.
    pub fn new(tree: Tree, reader: &dyn ReadFile) -> Self {
        let Tree { id, commit, observed_at, default_branch, files } = tree;
        let mut files: Vec<File> =
            files.into_iter().map(|FileEntry { path }| File { role: Role::of(&path), path: path.into() }).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        let mut loader = Loader::new(reader, &files);
        let pipelines = pipelines::load(&mut loader, &Branches::new(default_branch));
        let (documents, documents_complete) = loader.manifests();
        let left_out = loader.other_texts();
        if !files.iter().any(|file| crate::detectors::is_test_file(&file.path)) {
            loader.rust_test();
        }
        let code = crate::home_made::read_code(&loader);
        let Loader { texts, taken, mut warnings, unusable, .. } = loader;
        warnings.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
        Self {
            id,
            commit,
            observed_at,
            texts,
            code,
            taken,
            documents,
            documents_complete,
            pipelines,
            warnings,
            unusable,
            left_out,
            files,
        }
    }

    /// The repository.
    pub const fn id(&self) -> &RepositoryId {
        &self.id
    }

    /// The commit whose tree this is.
    pub const fn commit(&self) -> CommitId {
        self.commit
    }

    /// When the commit was looked at.
    pub const fn observed_at(&self) -> Time {
        self.observed_at
    }

    /// The CI pipelines that the files define, by path.
    pub fn pipelines(&self) -> &[Pipeline] {
        &self.pipelines
    }

    /// What could not be read or parsed, by path.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether the tree holds no file at all.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The paths that can show what the repository is.
    pub(crate) fn own_paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|file| file.role == Role::Own).map(|file| &*file.path)
    }

    /// The paths of everything that is not example, vendored code or template.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|file| file.role != Role::SetAside).map(|file| &*file.path)
    }

    /// All paths, examples and test data too.
    pub(crate) fn every_path(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.path)
    }

    /// Whether there is a file at a path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| (*file.path).cmp(path)).is_ok()
    }

    /// Where a file is kept that a pipeline is made of: here, or in another repository.
    pub fn origin(&self, path: &str) -> Origin {
        let here = || Origin { repository: self.id.clone(), commit: self.commit, path: path.to_owned() };
        self.taken.get(path).map_or_else(here, |taken| taken.origin.clone())
    }

    /// A file of another repository that a pipeline is made of.
    pub(crate) fn taken(&self, path: &str) -> Option<&Taken> {
        self.taken.get(path)
    }

    /// The content of a file that was read.
    pub(crate) fn text(&self, path: &str) -> Option<&Text> {
        self.texts.get(path).or_else(|| self.taken.get(path).map(|taken| &taken.text))
    }

    /// The content of all files of the repository that were read, by path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.texts.iter().map(|(path, text)| (&**path, text))
    }

    /// The files of code that were read to tell what is home-made, by path.
    pub(crate) fn code(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.code.iter().map(|(path, text)| (&**path, text))
    }

    /// The infrastructure documents, by path.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = Manifest<'_>> {
        self.documents.iter().flat_map(|document| Manifest::of(&document.path, &document.node))
    }

    /// The jobs that can run, with their pipelines.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = (&Pipeline, &Job)> {
        self.pipelines.iter().flat_map(|pipeline| pipeline.active_jobs().map(move |job| (pipeline, job)))
    }

    /// Why a practice that was not found may still be there.
    pub(crate) fn hidden(&self, candidates: Candidates) -> Option<String> {
        let unusable = |is_candidate: &dyn Fn(&Unusable) -> bool| {
            let first = self.unusable.iter().find(|unusable| is_candidate(unusable))?;
            Some(format!("{} was not understood: {}", first.path, first.message))
        };
        match candidates {
            Candidates::Pipelines => unusable(&|unusable| {
                pipelines::system(&unusable.path).is_some()
                    || self.pipelines.iter().any(|pipeline| pipeline.reads(&unusable.path))
            })
            .or_else(|| {
                let shared =
                    self.pipelines.iter().flat_map(|pipeline| &pipeline.shared).find(|shared| shared.holds_jobs)?;
                Some(format!("jobs are defined in {}, which no repository that was given holds", shared.reference))
            }),
            Candidates::Starts(matters) => self.pipelines.iter().find_map(|pipeline| {
                let what = pipeline.triggers.iter().find_map(|trigger| match &trigger.kind {
                    TriggerKind::Unseen(what) => Some(what),
                    _ => None,
                })?;
                let reason = || format!("{} is started by {what}, which the file does not show", pipeline.path);
                pipeline.active_jobs().any(matters).then(reason)
            }),
            Candidates::Terraform => self.hidden(Candidates::Paths(crate::manifests::is_terraform)),
            Candidates::Manifests(words) => unusable(&|unusable| {
                let is_document = crate::paths::ends_with(&unusable.path, &[".yaml", ".yml", ".json", ".template"]);
                let is_manifest = is_document && pipelines::system(&unusable.path).is_none();
                let may_hold = |text: &Text| words.iter().any(|word| text.as_str().contains(word));
                is_manifest && self.texts.get(&unusable.path).is_none_or(may_hold)
            })
            .or_else(|| {
                let reason = "the repository holds more YAML files than are read; the others were not looked at";
                (!self.documents_complete).then(|| reason.to_owned())
            }),
            Candidates::Paths(matters) => unusable(&|unusable| matters(&unusable.path)).or_else(|| {
                let left_out = self.left_out.iter().find(|path| matters(path))?;
                Some(format!("the repository holds more files than are read; {left_out} is one that was not looked at"))
            }),
        }
    }
}
