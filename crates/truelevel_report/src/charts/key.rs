//! What the marks of a chart stand for: a small picture of each, and words.

use std::fmt::Write;

use super::svg::{escaped, number};

/// How wide a mark is in a key, in pixels.
const WIDTH: f64 = 20.0;
/// How high a mark is, in pixels.
const HEIGHT: f64 = 14.0;
/// A row of a key in a file.
const ROW: f64 = 20.0;
/// How wide a letter of a key in a file is, about.
const LETTER: f64 = 6.4;
/// Between one meaning and the next mark.
const APART: f64 = 22.0;

/// What a mark looks like; how, its class says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Area,
    Diamond,
    Line,
    Upright,
}

/// A mark with its meaning.
#[derive(Clone, Debug)]
pub struct Key {
    mark: Mark,
    class: &'static str,
    /// What it stands for.
    pub meaning: String,
}

impl Key {
    pub(super) fn new(mark: Mark, class: &'static str, meaning: impl Into<String>) -> Self {
        Self { mark, class, meaning: meaning.into() }
    }

    /// The mark as a picture of its own, for a page.
    pub fn svg(&self) -> String {
        format!(
            "<svg class=\"chart mark\" aria-hidden=\"true\" width=\"{WIDTH}\" height=\"{HEIGHT}\">{}</svg>",
            self.drawn()
        )
    }

    fn drawn(&self) -> String {
        let (class, middle, end) = (self.class, HEIGHT / 2.0, WIDTH);
        let path = match self.mark {
            Mark::Area => format!("M0 1h{end}v{}h-{end}z", HEIGHT - 2.0),
            Mark::Diamond => format!("M{} {middle}l7 -7 7 7 -7 7z", WIDTH / 2.0 - 7.0),
            Mark::Line => format!("M0 {middle}h{end}"),
            Mark::Upright => format!("M{} 0v{HEIGHT}", WIDTH / 2.0),
        };
        format!("<path class=\"{class}\" d=\"{path}\"/>")
    }
}

/// A key below a picture that is a file, in as many rows as the width asks for, and how high it is. All in pixels.
pub(super) fn of_file(keys: &[Key], width: f64) -> (String, f64) {
    let (mut drawn, mut x, mut row) = (String::new(), 0.0, 0.0);
    for key in keys {
        let needed = WIDTH + 6.0 + key.meaning.chars().count() as f64 * LETTER;
        if x > 0.0 && x + needed > width {
            (x, row) = (0.0, row + 1.0);
        }
        let y = row * ROW;
        let _ = write!(
            drawn,
            "<svg x=\"{}\" y=\"{}\">{}</svg><text class=\"c-label\" x=\"{}\" y=\"{}\">{}</text>",
            number(x),
            number(y),
            key.drawn(),
            number(x + WIDTH + 6.0),
            number(y + 11.0),
            escaped(&key.meaning)
        );
        x += needed + APART;
    }
    let height = if keys.is_empty() { 0.0 } else { (row + 1.0) * ROW };
    (drawn, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_takes_as_many_rows_as_its_words_need() {
        let keys = ["proven", "possible: nothing speaks against it"].map(|word| Key::new(Mark::Area, "c-proven", word));
        assert_eq!(of_file(&keys, 600.0).1, ROW);
        let (drawn, height) = of_file(&keys, 200.0);
        assert_eq!(height, 2.0 * ROW);
        assert!(drawn.contains("<svg x=\"0\" y=\"20\">"), "{drawn}");
        assert_eq!(of_file(&[], 600.0), (String::new(), 0.0));
    }
}
