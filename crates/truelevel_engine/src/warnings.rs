//! What could not be understood in the files of a repository, as an answer tells it.

use truelevel_model::assessment::FileWarning;
use truelevel_model::printable;
use truelevel_practices::Warning;

use crate::collect::CollectedRepository;

/// A warning about a file, as the answer holds it; none about a repository as a whole.
pub(crate) fn file_warning(repository: &CollectedRepository, warning: &Warning) -> Option<FileWarning> {
    let positive = |number: u32| (number > 0).then_some(number);
    (!warning.path.is_empty()).then(|| FileWarning {
        repository: repository.id.as_str().to_owned(),
        path: warning.path.clone(),
        line: positive(warning.line),
        column: positive(warning.column),
        message: warning.message.clone(),
    })
}

/// The same in a sentence.
pub(crate) fn located(repository: &CollectedRepository, warning: &Warning) -> String {
    match (warning.path.as_str(), warning.line) {
        ("", _) => format!("{}: {}", repository.id, printable(&warning.message)),
        (path, 0) => format!("{}: {}: {}", repository.id, printable(path), printable(&warning.message)),
        (path, line) => format!("{}: {}:{line}: {}", repository.id, printable(path), printable(&warning.message)),
    }
}
