//! Conditions of `&&`, `||`, `!` and parentheses, decided as far as an occasion decides them.

/// Whether a condition holds. `atom` decides what stands between the operators, `None` where it cannot be known.
pub(super) fn holds(condition: &str, atom: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
    let mut parser = Parser { rest: condition, atom, depth: 0 };
    parser.any()
}

const DEPTH_LIMIT: usize = 32;

struct Parser<'c, 'f> {
    rest: &'c str,
    atom: &'f dyn Fn(&str) -> Option<bool>,
    depth: usize,
}

impl Parser<'_, '_> {
    fn any(&mut self) -> Option<bool> {
        let mut result = self.all();
        while self.take("||") {
            result = or(result, self.all());
        }
        result
    }

    fn all(&mut self) -> Option<bool> {
        let mut result = self.one();
        while self.take("&&") {
            result = and(result, self.one());
        }
        result
    }

    fn one(&mut self) -> Option<bool> {
        let rest = self.rest.trim_start();
        if rest.starts_with('!') && !rest.starts_with("!=") && self.depth < DEPTH_LIMIT {
            self.rest = &rest[1..];
            self.depth += 1;
            let result = self.one().map(|holds| !holds);
            self.depth -= 1;
            return result;
        }
        if rest.starts_with('(') && self.depth < DEPTH_LIMIT {
            self.rest = &rest[1..];
            self.depth += 1;
            let result = self.any();
            self.depth -= 1;
            self.take(")");
            return result;
        }
        let end = atom_end(rest);
        let (text, rest) = rest.split_at(end);
        self.rest = rest;
        (self.atom)(text.trim())
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        rest.strip_prefix(token).is_some_and(|after| {
            self.rest = after;
            true
        })
    }
}

/// Where the text up to the next operator ends; quotes and the parentheses of calls are skipped.
fn atom_end(text: &str) -> usize {
    let (mut quote, mut open) = (None, 0_usize);
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(mark), _) if byte == mark => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(') => open += 1,
            (None, b')') if open == 0 => return at,
            (None, b')') => open -= 1,
            (None, b'&' | b'|') if open == 0 && bytes.get(at + 1) == Some(&byte) => return at,
            (None, _) => {}
        }
    }
    text.len()
}

/// Both; unknown unless one decides.
pub(super) fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Either; unknown unless one decides.
pub(super) fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_usual_and_the_unknown_stays_unknown() {
        let atom = |text: &str| match text {
            "t" | "f(a && b)" | "'a || b' == c" => Some(true),
            "f" => Some(false),
            _ => None,
        };
        for (condition, expected) in [
            ("t && f || t", Some(true)),
            ("t && (f || f)", Some(false)),
            ("u && f", Some(false)),
            ("u && t", None),
            ("u || t", Some(true)),
            ("!f && !(f)", Some(true)),
            ("f(a && b) && t", Some(true)),
            ("'a || b' == c", Some(true)),
        ] {
            assert_eq!(holds(condition, &atom), expected, "{condition}");
        }
    }

    #[test]
    fn odd_conditions_end() {
        for condition in ["", "(((", ")))", "&& ||", "!!!!", &"(".repeat(10_000), "'", "é && (é"] {
            holds(condition, &|_| None);
        }
    }
}
