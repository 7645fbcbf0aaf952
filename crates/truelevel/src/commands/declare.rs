//! `declare`: what a team says of itself.

use std::io::{self, BufRead, IsTerminal, Write};

use truelevel_engine::declare::{AskedStage, Belief, Claim, asked, declare, read_beliefs};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::assessment::Answer;

use crate::args::{Declare, Said};
use crate::exit;

/// The names of the levels, as a team is asked for them.
const LEVELS: &str = "1 ad-hoc, 2 managed, 3 defined, 4 measured, 5 optimizing";

pub(crate) fn run(args: Declare) -> Result<u8, EngineError> {
    let mut workspace = Workspace::open(&args.paths)?;
    let at = args.at.unwrap_or_else(super::now);
    let beliefs = said(args, &workspace)?;
    let recorded = declare(&mut workspace, &beliefs, at, &super::by())?;
    eprintln!(
        "truelevel: {recorded} of {} claims are new; `truelevel assess` shows them beside the evidence",
        beliefs.len()
    );
    Ok(exit::DONE)
}

fn said(args: Declare, workspace: &Workspace) -> Result<Vec<Belief>, EngineError> {
    if let Some(file) = &args.file {
        return read_beliefs(workspace, file);
    }
    let claim = match (args.stage, args.level, args.gate, args.answer) {
        (Some(stage), Some(level), ..) => Some(Claim::Stage(stage, level)),
        (_, _, Some(gate), Some(said)) => Some(Claim::Gate(gate, answer(said))),
        _ => None,
    };
    if let Some(claim) = claim {
        let by = args.by.ok_or_else(|| usage("`--by` is missing: the team or role that says so"))?;
        return Ok(vec![Belief { service: args.service, claim, by, reason: args.reason.unwrap_or_default() }]);
    }
    if !io::stdin().is_terminal() {
        return Err(usage(
            "nothing is said; give `--stage` and `--level`, `--gate` and `--answer`, or `--file`, or ask in a terminal",
        ));
    }
    let stages = asked(workspace)?;
    let mut form = Form { input: io::stdin().lock(), talk: io::stderr(), service: args.service };
    form.fill(&stages, args.by).map_err(|error| usage(&format!("the terminal cannot be asked: {error}")))
}

fn usage(message: &str) -> EngineError {
    EngineError::Usage(message.to_owned())
}

const fn answer(said: Said) -> Answer {
    match said {
        Said::Yes => Answer::Yes,
        Said::No => Answer::No,
        Said::Unknown => Answer::Unknown,
    }
}

/// Questions in a terminal. An empty answer skips; the end of the input ends the form with what was said.
struct Form<I, T> {
    input: I,
    talk: T,
    service: Option<String>,
}

impl<I: BufRead, T: Write> Form<I, T> {
    fn fill(&mut self, stages: &[AskedStage], by: Option<String>) -> io::Result<Vec<Belief>> {
        let by = match by {
            Some(by) => by,
            None => self.ask("Which team or role says so? ")?.unwrap_or_default(),
        };
        let reason = self.ask("Why, in a sentence (Enter for none)? ")?.unwrap_or_default();
        let belief = |service: &Option<String>, claim| Belief {
            service: service.clone(),
            claim,
            by: by.clone(),
            reason: reason.clone(),
        };
        writeln!(self.talk, "\nThe level of each stage: {LEVELS}. Enter skips one.")?;
        let mut beliefs = Vec::new();
        for stage in stages {
            let level = |text: &str| text.parse().ok().filter(|level| (1..=5).contains(level));
            if let Some(level) = self.choose(&format!("  {}: ", stage.stage), "1 to 5", level)? {
                beliefs.push(belief(&self.service, Claim::Stage(stage.stage.clone(), level)));
            }
        }
        let yes = |text: &str| "yes".starts_with(&text.to_lowercase());
        if !self.ask("\nAnswer the gates one by one, too (y/N)? ")?.is_some_and(|text| yes(&text)) {
            return Ok(beliefs);
        }
        writeln!(self.talk, "y is yes, n is no, d is \"don't know\". Enter skips one.")?;
        for stage in stages {
            for (gate, level, statement) in &stage.gates {
                let said =
                    self.choose(&format!("  {} {level}: {statement} ", stage.stage), "y, n or d", said_of_gate)?;
                beliefs.extend(said.map(|said| belief(&self.service, Claim::Gate(gate.clone(), said))));
            }
        }
        Ok(beliefs)
    }

    /// A line; none at the end of the input.
    fn ask(&mut self, question: &str) -> io::Result<Option<String>> {
        write!(self.talk, "{question}")?;
        self.talk.flush()?;
        let mut line = String::new();
        let length = self.input.read_line(&mut line)?;
        Ok((length > 0).then(|| line.trim().to_owned()).filter(|line| !line.is_empty()))
    }

    /// Asks until it is one of what is allowed, or skipped.
    fn choose<C>(&mut self, question: &str, allowed: &str, read: impl Fn(&str) -> Option<C>) -> io::Result<Option<C>> {
        while let Some(line) = self.ask(question)? {
            match read(&line) {
                Some(choice) => return Ok(Some(choice)),
                None => writeln!(self.talk, "    allowed is {allowed}, or Enter")?,
            }
        }
        Ok(None)
    }
}

fn said_of_gate(text: &str) -> Option<Answer> {
    match text.to_lowercase().as_str() {
        "y" | "yes" => Some(Answer::Yes),
        "n" | "no" => Some(Answer::No),
        "d" | "don't know" | "unknown" => Some(Answer::Unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(typed: &str) -> (Vec<Claim>, String) {
        let gate = |id: &str| (id.to_owned(), 2, format!("Statement of {id}."));
        let stages = [
            AskedStage { stage: "build".into(), gates: vec![gate("a"), gate("b"), gate("c")] },
            AskedStage { stage: "test".into(), gates: Vec::new() },
        ];
        let mut talk = Vec::new();
        let mut form = Form { input: typed.as_bytes(), talk: &mut talk, service: Some("web".into()) };
        let beliefs = form.fill(&stages, None).unwrap();
        assert!(beliefs.iter().all(|belief| belief.by == "team web" && belief.service.as_deref() == Some("web")));
        (beliefs.into_iter().map(|belief| belief.claim).collect(), String::from_utf8(talk).unwrap())
    }

    #[test]
    fn a_form_takes_levels_and_answers_and_asks_again_what_it_does_not_understand() {
        let (claims, talk) = fill("team web\nwe try\n9\n4\n\ny\ny\nmaybe\nd\n\n");
        assert_eq!(
            claims,
            [
                Claim::Stage("build".into(), 4),
                Claim::Gate("a".into(), Answer::Yes),
                Claim::Gate("b".into(), Answer::Unknown),
            ]
        );
        assert!(talk.contains("allowed is 1 to 5") && talk.contains("allowed is y, n or d"), "{talk}");
        assert!(talk.contains("build 2: Statement of a."));
    }

    #[test]
    fn the_end_of_the_input_ends_the_form_with_what_was_said() {
        assert_eq!(fill("team web\n\n3\n").0, [Claim::Stage("build".into(), 3)]);
        assert_eq!(fill("team web\n\n3\n2\nn\n").0.len(), 2);
    }
}
