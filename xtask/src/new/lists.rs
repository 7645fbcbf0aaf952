//! Adding a name to the sorted lists of a `mod.rs`: text in, text out.

/// How a line of a list is written, for a file `name` whose declaration is `NAME`.
struct Form {
    line: fn(&str) -> String,
    /// Whether the line registers the declaration, besides or instead of naming the file.
    registers: bool,
}

static FORMS: &[Form] = &[
    Form { line: |name| format!("mod {name};"), registers: false },
    Form { line: |name| format!("pub mod {name};"), registers: false },
    Form { line: |name| format!("    &{name}::{},", name.to_uppercase()), registers: true },
    Form { line: |name| format!("    {name}: {},", name.to_uppercase()), registers: true },
];

/// Adds a line for `name` to every list found: the `mod` lines and the registry, or the one list that is both.
pub(super) fn register(text: &str, name: &str) -> Result<String, String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut is_registered = false;
    for form in FORMS {
        let entries: Vec<(usize, String)> =
            lines.iter().enumerate().filter_map(|(index, line)| Some((index, entry(form, line)?))).collect();
        let Some((last, _)) = entries.last() else { continue };
        if entries.iter().any(|(_, known)| known == name) {
            return Err(format!("`{name}` is there already"));
        }
        let before = entries.iter().find(|(_, known)| known.as_str() > name).map(|(index, _)| *index);
        lines.insert(before.unwrap_or(last + 1), (form.line)(name));
        is_registered |= form.registers;
    }
    if !is_registered {
        return Err("it holds no list to register in".into());
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

/// The name that a line lists in this form.
fn entry(form: &Form, line: &str) -> Option<String> {
    let mut names = line.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    names.find(|name| (form.line)(name) == line).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_LISTS: &str = "use x;

pub mod batch_size;
pub mod rollbacks;

pub struct Metric { pub id: &'static str }

pub static METRICS: &[&Metric] = &[
    &batch_size::BATCH_SIZE,
    &rollbacks::ROLLBACKS,
];

#[cfg(test)]
pub(crate) mod examples;
";

    const ONE_LIST: &str = "macro_rules! practices {
    ($($file:ident: $name:ident),+ $(,)?) => {
        $(mod $file;)+
    };
}

practices! {
    backups: BACKUPS,
    tracing: TRACING,
}
";

    #[track_caller]
    fn check(text: &str, name: &str, added: &[(&str, &str)]) {
        let expected = added.iter().fold(text.to_owned(), |text, (line, neighbour)| {
            if let Some(after) = neighbour.strip_prefix("after ") {
                text.replace(&format!("{after}\n"), &format!("{after}\n{line}\n"))
            } else {
                text.replace(&format!("{neighbour}\n"), &format!("{line}\n{neighbour}\n"))
            }
        });
        assert_ne!(expected, text);
        assert_eq!(register(text, name).unwrap(), expected);
    }

    #[test]
    fn a_name_takes_its_sorted_place_in_both_lists() {
        check(
            TWO_LISTS,
            "approval_wait",
            &[
                ("pub mod approval_wait;", "pub mod batch_size;"),
                ("    &approval_wait::APPROVAL_WAIT,", "    &batch_size::BATCH_SIZE,"),
            ],
        );
        check(
            TWO_LISTS,
            "fan_out",
            &[("pub mod fan_out;", "pub mod rollbacks;"), ("    &fan_out::FAN_OUT,", "    &rollbacks::ROLLBACKS,")],
        );
        check(
            TWO_LISTS,
            "time_to_green",
            &[
                ("pub mod time_to_green;", "after pub mod rollbacks;"),
                ("    &time_to_green::TIME_TO_GREEN,", "after     &rollbacks::ROLLBACKS,"),
            ],
        );
    }

    #[test]
    fn one_list_may_be_both() {
        check(ONE_LIST, "alerts", &[("    alerts: ALERTS,", "    backups: BACKUPS,")]);
        check(ONE_LIST, "runbooks", &[("    runbooks: RUNBOOKS,", "    tracing: TRACING,")]);
        check(ONE_LIST, "wikis", &[("    wikis: WIKIS,", "after     tracing: TRACING,")]);
    }

    #[test]
    fn a_known_name_and_a_file_without_lists_are_refused() {
        assert!(register(TWO_LISTS, "rollbacks").unwrap_err().contains("already"));
        assert!(register(ONE_LIST, "tracing").unwrap_err().contains("already"));
        assert!(register("mod a;\n", "b").unwrap_err().contains("no list"));
    }
}
