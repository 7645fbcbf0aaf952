//! Clones in a folder, read through git without a work tree.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use truelevel_model::{CommitId, RepositoryId};
use truelevel_practices::{Elsewhere, FileEntry, Origin, ReadFile};

use crate::Failure;

/// A repository on this machine.
pub(crate) struct Clone {
    /// `OWNER/NAME`.
    pub(crate) name: String,
    path: PathBuf,
}

/// The clones in a folder, named `OWNER+NAME` or `OWNER+NAME.git`; the repository is that folder or `repo` in it.
pub(crate) fn find(folder: &Path) -> Result<BTreeMap<String, Clone>, Failure> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Failure::Failed(format!("{} cannot be listed: {error}", folder.display())))?;
    let mut clones = BTreeMap::new();
    for entry in entries.flatten() {
        let stem = entry.file_name().to_string_lossy().trim_end_matches(".git").to_owned();
        let Some((owner, name)) = stem.split_once('+') else { continue };
        let inner = entry.path().join("repo");
        let path = if inner.is_dir() { inner } else { entry.path() };
        let name = format!("{owner}/{name}");
        clones.insert(name.clone(), Clone { name, path });
    }
    Ok(clones)
}

impl Clone {
    fn git(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // A clone may lack objects; asking their origin for them would make the result depend on the network.
        command.arg("-C").arg(&self.path).args(arguments).env("GIT_NO_LAZY_FETCH", "1").stderr(Stdio::null());
        command
    }

    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
        let failed = || Failure::Failed(format!("{}: git {} failed", self.name, arguments.join(" ")));
        let output = self.git(arguments).output().map_err(|_| failed())?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed()) }
    }

    /// The commit to look at: the given one, which must be there, or the newest of the default branch.
    pub(crate) fn commit(&self, wanted: Option<&str>) -> Result<String, Failure> {
        let revision = format!("{}^{{commit}}", wanted.unwrap_or("HEAD"));
        let output = self.output(&["rev-parse", "--verify", &revision])?;
        Ok(String::from_utf8_lossy(&output).trim().to_owned())
    }
}

/// Files of one commit, read by one `git cat-file`.
pub(crate) struct GitReader {
    objects: BTreeMap<String, String>,
    pipe: Mutex<Pipe>,
}

struct Pipe {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl GitReader {
    pub(crate) fn open(clone: &Clone, commit: &str) -> Result<Self, Failure> {
        let listed = clone.output(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let mut objects = BTreeMap::new();
        for line in listed.split(|byte| *byte == 0) {
            let line = String::from_utf8_lossy(line);
            // `100644 blob OBJECT\tPATH`; links and submodules are not files.
            let Some((head, path)) = line.split_once('\t') else { continue };
            let mut words = head.split(' ');
            if words.next().is_some_and(|mode| mode.starts_with("100"))
                && let Some(object) = words.nth(1)
            {
                objects.insert(path.to_owned(), object.to_owned());
            }
        }
        let failed = |error: std::io::Error| Failure::Failed(format!("{}: git cat-file: {error}", clone.name));
        let mut command = clone.git(&["cat-file", "--batch-command"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let input = child.stdin.take().expect("standard input is piped");
        let output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Ok(Self { objects, pipe: Mutex::new(Pipe { child, input, output }) })
    }

    pub(crate) fn files(&self) -> Vec<FileEntry> {
        self.objects.keys().map(|path| FileEntry { path: path.clone() }).collect()
    }

    fn ask(&self, verb: &str, path: &str) -> Result<(u64, Vec<u8>), String> {
        let object = self.objects.get(path).ok_or("it is not in the tree")?;
        let mut pipe = self.pipe.lock().map_err(|_| "git stopped answering")?;
        pipe.ask(verb, object).map_err(|error| error.to_string())?.ok_or_else(|| "the object is missing".into())
    }
}

impl Pipe {
    /// Size and content of an object; `None` when the repository lacks it.
    fn ask(&mut self, verb: &str, object: &str) -> std::io::Result<Option<(u64, Vec<u8>)>> {
        writeln!(self.input, "{verb} {object}")?;
        self.input.flush()?;
        let mut head = String::new();
        self.output.read_line(&mut head)?;
        let Some(size) = head.trim().rsplit(' ').next().and_then(|size| size.parse().ok()) else { return Ok(None) };
        let mut content = Vec::new();
        if verb == "contents" {
            content.resize(size as usize + 1, 0);
            self.output.read_exact(&mut content)?;
            content.pop();
        }
        Ok(Some((size, content)))
    }
}

impl ReadFile for GitReader {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Ok(self.ask("contents", path)?.1)
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.ask("info", path).ok().map(|(size, _)| size)
    }
}

/// The files of a clone, which may take others from the newest commits of the clones beside it.
pub(crate) struct Among<'c> {
    pub(crate) own: GitReader,
    clones: &'c BTreeMap<String, Clone>,
    opened: Mutex<BTreeMap<String, Option<(CommitId, GitReader)>>>,
    /// The clones that are libraries of Jenkins, by the paths of their steps.
    libraries: OnceLock<BTreeMap<String, Vec<String>>>,
}

impl<'c> Among<'c> {
    pub(crate) fn new(own: GitReader, clones: &'c BTreeMap<String, Clone>) -> Self {
        Self { own, clones, opened: Mutex::new(BTreeMap::new()), libraries: OnceLock::new() }
    }

    fn library_with(&self, step: &str) -> Option<String> {
        let list = || {
            let mut libraries: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for clone in self.clones.values() {
                let listed =
                    clone.output(&["ls-tree", "--name-only", "--full-tree", "HEAD", "vars/"]).unwrap_or_default();
                for path in String::from_utf8_lossy(&listed).lines() {
                    libraries.entry(path.to_owned()).or_default().push(clone.name.clone());
                }
            }
            libraries
        };
        let found = self.libraries.get_or_init(list).get(&format!("vars/{step}.groovy"))?;
        (found.len() == 1).then(|| found[0].clone())
    }

    fn file(&self, repository: &str, path: &str) -> Option<Elsewhere> {
        let clone = self.clones.get(repository)?;
        let mut opened = self.opened.lock().ok()?;
        let open = || {
            let commit = clone.commit(None).ok()?;
            Some((commit.parse().ok()?, GitReader::open(clone, &commit).ok()?))
        };
        let (commit, reader) = opened.entry(repository.to_owned()).or_insert_with(open).as_ref()?;
        if !reader.objects.contains_key(path) {
            return Some(Elsewhere::NoSuchFile);
        }
        let origin = Origin { repository: RepositoryId::new(repository), commit: *commit, path: path.to_owned() };
        Some(Elsewhere::File { origin, content: reader.read(path).ok()? })
    }
}

impl ReadFile for Among<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.own.read(path)
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.own.size(path)
    }

    fn elsewhere(&self, repository: &str, path: &str) -> Elsewhere {
        self.file(repository, path).unwrap_or(Elsewhere::NotAtHand)
    }

    fn library_with(&self, step: &str) -> Option<String> {
        self.library_with(step)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // It only reads; nothing is lost. An error means that it ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
