//! Writing SVG: elements with presentation attributes and classes, every text escaped.

use std::fmt::Write;

use truelevel_model::printable;

/// The inside of a picture, written from back to front.
#[derive(Default)]
pub(super) struct Svg {
    body: String,
    tips: String,
}

/// The inside of a picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawing {
    /// What is seen, with what a pointer over its marks says.
    pub(super) marks: String,
    /// Areas without a look, for what a pointer over them says.
    pub(super) tips: String,
}

impl Drawing {
    /// The picture without what a pointer says.
    pub(super) fn plain(&self) -> String {
        let mut parts = self.marks.split("<title>");
        let mut plain = parts.next().unwrap_or_default().to_owned();
        // Text is escaped: what looks like a tag is one.
        parts.for_each(|part| plain += part.split_once("</title>").map_or(part, |(_, rest)| rest));
        plain.replace("></rect>", "/>").replace("></circle>", "/>").replace("></path>", "/>")
    }
}

/// Where a text stands against its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    /// Keeps a text near an edge inside.
    pub(super) fn inside(x: f64) -> Self {
        match x {
            x if x < 10.0 => Self::Start,
            x if x > 90.0 => Self::End,
            _ => Self::Middle,
        }
    }

    const fn attribute(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => " text-anchor=\"middle\"",
            Self::End => " text-anchor=\"end\"",
        }
    }
}

impl Svg {
    pub(super) fn finish(self) -> Drawing {
        Drawing { marks: self.body, tips: self.tips }
    }

    /// A rectangle; `x` and `width` in percent. The tip is what a pointer over it says.
    pub(super) fn rect(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), tip: &str) {
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{}%\" y=\"{}\" width=\"{}%\" height=\"{}\"{}",
            number(x),
            number(y),
            number(width.max(0.0)),
            number(height.max(0.0)),
            closed("rect", tip)
        );
    }

    /// A straight line; x in percent.
    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = write!(
            self.body,
            "<line class=\"{class}\" x1=\"{}%\" y1=\"{}\" x2=\"{}%\" y2=\"{}\"/>",
            number(x1),
            number(y1),
            number(x2),
            number(y2)
        );
    }

    /// A dot; x in percent.
    pub(super) fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64, tip: &str) {
        let _ = write!(
            self.body,
            "<circle class=\"{class}\" cx=\"{}%\" cy=\"{}\" r=\"{}\"{}",
            number(x),
            number(y),
            number(radius),
            closed("circle", tip)
        );
    }

    /// A small shape, drawn around a place; x in percent, the path in pixels from there.
    pub(super) fn mark(&mut self, class: &str, (x, y): (f64, f64), path: &str, tip: &str) {
        let _ = write!(
            self.body,
            "<svg x=\"{}%\" y=\"{}\"><path class=\"{class}\" d=\"{path}\"{}</svg>",
            number(x),
            number(y),
            closed("path", tip)
        );
    }

    /// A text; x in percent.
    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let _ = write!(
            self.body,
            "<text class=\"{class}\" x=\"{}%\" y=\"{}\"{}>{}</text>",
            number(x),
            number(y),
            anchor.attribute(),
            escaped(text)
        );
    }

    /// What a pointer over an area says, where many shapes share a path.
    pub(super) fn tip(&mut self, place: (f64, f64), size: (f64, f64), tip: &str) {
        std::mem::swap(&mut self.body, &mut self.tips);
        self.rect("c-tip", place, size, tip);
        std::mem::swap(&mut self.body, &mut self.tips);
    }

    /// A picture that is drawn elsewhere on the page, under an id.
    pub(super) fn reuse(&mut self, id: &str) {
        let _ = write!(self.body, "<use href=\"#{id}\"/>");
    }

    /// Lines or areas through points, stretched over the width between `top` and `top + height`.
    pub(super) fn paths(&mut self, top: f64, height: f64, paths: &[(&str, String)]) {
        let _ = write!(
            self.body,
            "<svg y=\"{}\" width=\"100%\" height=\"{h}\" viewBox=\"0 0 100 {h}\" preserveAspectRatio=\"none\">",
            number(top),
            h = number(height)
        );
        for (class, path) in paths.iter().filter(|(_, path)| !path.is_empty()) {
            let _ = write!(self.body, "<path class=\"{class}\" d=\"{path}\"/>");
        }
        self.body += "</svg>";
    }
}

fn closed(name: &str, tip: &str) -> String {
    if tip.is_empty() { "/>".to_owned() } else { format!("><title>{}</title></{name}>", escaped(tip)) }
}

/// A path through the values that are known, broken at gaps. What stands alone is a dot.
pub(super) fn runs(points: impl Iterator<Item = (f64, Option<f64>)>) -> String {
    let points: Vec<(f64, Option<f64>)> = points.collect();
    let known = points.chunk_by(|a, b| a.1.is_some() == b.1.is_some());
    known
        .map(|run| {
            let run: Vec<(f64, f64)> = run.iter().filter_map(|(x, y)| Some((*x, (*y)?))).collect();
            through(&run) + if run.len() == 1 { "h0" } else { "" }
        })
        .collect()
}

/// A path through points.
pub(super) fn through(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    let mut last = (0.0, 0.0);
    for (at, (x, y)) in points.iter().enumerate() {
        // Steps between rounded places: what rounding takes from one, the next gives back.
        let place = (rounded(*x), rounded(*y));
        let (dx, dy) = (number(place.0 - last.0), number(place.1 - last.1));
        let before = match at {
            0 => "M",
            1 => "l",
            _ if dx.starts_with('-') => "",
            _ => " ",
        };
        let between = if dy.starts_with('-') { "" } else { " " };
        let _ = write!(path, "{before}{dx}{between}{dy}");
        last = place;
    }
    path
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A rectangle as a part of a path.
pub(super) fn cell((x, y): (f64, f64), (width, height): (f64, f64)) -> String {
    let (width, height) = (number(width.max(0.0)), number(height));
    format!("M{} {}h{width}v{height}h-{width}z", number(x), number(y))
}

/// A coordinate to a tenth of a pixel or percent, as short as it can be said.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text that can stand in an element or a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => result += "&amp;",
            '<' => result += "&lt;",
            '>' => result += "&gt;",
            '"' => result += "&quot;",
            '\'' => result += "&#39;",
            c => result.push(c),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_text_cannot_leave_its_place() {
        assert_eq!([number(12.0), number(1.256), number(-0.001), number(0.5)], ["12", "1.3", "0", "0.5"]);
        assert_eq!(escaped("<b a='\"'>&\u{202e}"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\\u{202e}");
    }
}
