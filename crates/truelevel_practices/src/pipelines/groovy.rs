//! Groovy as far as Jenkinsfiles need it: calls with their texts and blocks, and where they stand.
//!
//! Nothing is evaluated. What is not understood is skipped, so that a file always yields what it does say.

use std::sync::Arc;

/// A call: `name 'text'`, `name(text: 'x')`, `name { … }`, or all of these. One whose answer is kept or returned stands for
/// itself.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The file.
    pub(super) path: Arc<str>,
    pub(super) name: String,
    /// The texts among the arguments, in order, with the name before each where it has one.
    pub(super) texts: Vec<(String, Text)>,
    /// The variable that keeps its answer; empty where none does.
    pub(super) kept_as: String,
    /// The arguments as written.
    pub(super) arguments: String,
    /// The arguments one by one, as far as they are plain.
    pub(super) values: Vec<Argument>,
    pub(super) body: Option<Vec<Call>>,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A string literal.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    /// Its name; empty where it has none.
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A string literal, what it fills in left as it is written.
    Text(String),
    /// A variable, or a field of one.
    Word(String),
    /// Anything else.
    Other,
}

impl Call {
    /// The first text, whatever its name.
    pub(super) fn text(&self) -> Option<&str> {
        self.texts.first().map(|(_, text)| text.text.as_str())
    }

    /// The text of a named argument, or the first one.
    pub(super) fn named(&self, name: &str) -> Option<&Text> {
        let exact = self.texts.iter().find(|(key, _)| key == name);
        exact.or_else(|| self.texts.iter().find(|(key, _)| key.is_empty())).map(|(_, text)| text)
    }

    pub(super) fn body(&self) -> &[Self] {
        self.body.as_deref().unwrap_or_default()
    }
}

const DEPTH_LIMIT: usize = 64;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
    Newline,
}

struct Placed {
    token: Token,
    line: u32,
    column: u32,
}

/// What a file ends inside of: where that begins, and what it is.
pub(super) type Unclosed = (u32, u32, &'static str);

/// The calls of a file, and what it leaves open.
pub(super) fn parse(source: &str, path: &Arc<str>) -> (Vec<Call>, Option<Unclosed>) {
    let (tokens, unclosed) = tokens(source);
    let unclosed = unclosed.or_else(|| open_block(&tokens));
    let mut parser = Parser { path, tokens: &tokens, at: 0 };
    let mut calls = Vec::new();
    while parser.at < tokens.len() {
        calls.extend(parser.block(0));
        // A brace that nothing opened.
        parser.at += 1;
    }
    (calls, unclosed)
}

/// The outermost block without an end.
fn open_block(tokens: &[Placed]) -> Option<Unclosed> {
    let mut open = Vec::new();
    for placed in tokens {
        match placed.token {
            Token::Mark('{') => open.push(placed),
            Token::Mark('}') => drop(open.pop()),
            _ => {}
        }
    }
    open.first().map(|placed| (placed.line, placed.column, "a block that is not closed"))
}

struct Parser<'t> {
    path: &'t Arc<str>,
    tokens: &'t [Placed],
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|placed| &placed.token)
    }

    /// The calls up to the brace that closes the block, which is left for the caller.
    fn block(&mut self, depth: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        while let Some(placed) = self.tokens.get(self.at) {
            match &placed.token {
                Token::Mark('}') => break,
                Token::Mark('{') => {
                    self.at += 1;
                    if depth < DEPTH_LIMIT {
                        calls.extend(self.block(depth + 1));
                    } else {
                        self.skip_block();
                    }
                    self.at += 1;
                }
                Token::Word(name) => {
                    self.at += 1;
                    calls.push(self.call(name, placed, depth));
                }
                _ => self.at += 1,
            }
        }
        calls
    }

    fn skip_block(&mut self) {
        let mut open = 1_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Mark('{') => open += 1,
                Token::Mark('}') => open -= 1,
                _ => {}
            }
            if open == 0 {
                return;
            }
            self.at += 1;
        }
    }

    /// The arguments, up to the end of the line or the closing parenthesis, and the block that follows.
    fn call(&mut self, called: &str, at: &Placed, depth: usize) -> Call {
        let mut call = Call {
            path: self.path.clone(),
            name: called.to_owned(),
            texts: Vec::new(),
            kept_as: String::new(),
            arguments: String::new(),
            values: Vec::new(),
            body: None,
            line: at.line,
            column: at.column,
        };
        let start = self.at;
        let mut end = None;
        let mut open = 0_usize;
        let mut name = String::new();
        while let Some(placed) = self.tokens.get(self.at) {
            let answers = self.at == start && called == "return";
            let keeps = open == 0 && placed.token == Token::Mark('=');
            let next = self.at + usize::from(keeps);
            if (answers || keeps)
                && let Some((inner, placed)) = self.called_at(next)
            {
                self.at = next + 1;
                let variable = call.arguments.split_whitespace().last().unwrap_or(&call.name).to_owned();
                let inner = self.call(inner, placed, depth);
                return Call { kept_as: if keeps { variable } else { String::new() }, ..inner };
            }
            match &placed.token {
                Token::Newline | Token::Mark(';' | '}') if open == 0 => break,
                Token::Mark('{') if open == 0 => {
                    end = Some(self.at);
                    self.at += 1;
                    if depth < DEPTH_LIMIT {
                        call.body = Some(self.block(depth + 1));
                    } else {
                        self.skip_block();
                    }
                    self.at += 1;
                    break;
                }
                Token::Mark(mark @ ('(' | '[')) => {
                    open += 1;
                    call.arguments.push(*mark);
                }
                Token::Mark(mark @ (')' | ']')) => {
                    open = open.saturating_sub(1);
                    call.arguments.push(*mark);
                }
                Token::Mark(mark) => {
                    if *mark == ',' {
                        name.clear();
                    }
                    call.arguments.push(*mark);
                }
                Token::Word(word) => {
                    name.clone_from(word);
                    call.arguments += word;
                    call.arguments.push(' ');
                }
                Token::Text(text) => {
                    call.texts.push((
                        std::mem::take(&mut name),
                        Text { text: text.clone(), line: placed.line, column: placed.column },
                    ));
                    call.arguments += &format!("'{text}' ");
                }
                Token::Newline => {}
            }
            self.at += 1;
        }
        call.values = arguments(&self.tokens[start..end.unwrap_or(self.at).min(self.tokens.len())]);
        call
    }

    /// The name of a call with parentheses that begins at a token.
    fn called_at(&self, at: usize) -> Option<(&'t str, &'t Placed)> {
        let placed = self.tokens.get(at)?;
        match (&placed.token, self.tokens.get(at + 1).map(|next| &next.token)) {
            (Token::Word(name), Some(Token::Mark('('))) => Some((name, placed)),
            _ => None,
        }
    }
}

/// The arguments of a call; those of one map are its own.
fn arguments(tokens: &[Placed]) -> Vec<Argument> {
    let mut tokens: Vec<&Token> =
        tokens.iter().map(|placed| &placed.token).filter(|token| **token != Token::Newline).collect();
    for (open, close) in [('(', ')'), ('[', ']')] {
        if tokens.first() == Some(&&Token::Mark(open)) && tokens.last() == Some(&&Token::Mark(close)) {
            tokens = tokens[1..tokens.len() - 1].to_vec();
        }
    }
    let mut depth = 0_usize;
    let parts = tokens.split(|token| {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && **token == Token::Mark(',')
    });
    let argument = |part: &[&Token]| {
        let (name, rest) = match part {
            [Token::Word(name), Token::Mark(':'), rest @ ..] => (name.clone(), rest),
            rest => (String::new(), rest),
        };
        let value = match rest {
            [Token::Text(text)] => Value::Text(text.clone()),
            [Token::Word(word)] => Value::Word(word.clone()),
            _ => Value::Other,
        };
        Argument { name, value }
    };
    parts.filter(|part| !part.is_empty()).map(argument).collect()
}

fn tokens(source: &str) -> (Vec<Placed>, Option<Unclosed>) {
    let characters: Vec<char> = source.chars().collect();
    let (mut at, mut line, mut column) = (0, 1_u32, 1_u32);
    let mut tokens = Vec::new();
    let mut unclosed = None;
    let starts =
        |at: usize, text: &str| text.chars().enumerate().all(|(offset, c)| characters.get(at + offset) == Some(&c));
    while at < characters.len() {
        let (start_line, start_column, start) = (line, column, at);
        let token = match characters[at] {
            '\n' => {
                at += 1;
                Some(Token::Newline)
            }
            '/' if starts(at, "//") => {
                at = (at..characters.len()).find(|&at| characters[at] == '\n').unwrap_or(characters.len());
                None
            }
            '/' if starts(at, "/*") => {
                let end = (at + 2..characters.len()).find(|&at| starts(at, "*/"));
                if end.is_none() {
                    unclosed.get_or_insert((start_line, start_column, "a comment that is not closed"));
                }
                at = end.map_or(characters.len(), |end| end + 2);
                None
            }
            '#' if at == 0 && starts(at, "#!") => {
                at = (at..characters.len()).find(|&at| characters[at] == '\n').unwrap_or(characters.len());
                None
            }
            quote @ ('\'' | '"') => {
                let triple: String = std::iter::repeat_n(quote, 3).collect();
                let mark = if starts(at, &triple) { triple } else { quote.to_string() };
                let (text, end) = literal(&characters, at + mark.len(), &mark);
                at = end.unwrap_or_else(|| {
                    unclosed.get_or_insert((start_line, start_column, "a text that is not closed"));
                    characters.len()
                });
                Some(Token::Text(text))
            }
            c if c.is_alphanumeric() || c == '_' || c == '@' || c == '$' => {
                while at < characters.len()
                    && (characters[at].is_alphanumeric() || matches!(characters[at], '_' | '.' | '@' | '$'))
                {
                    at += 1;
                }
                Some(Token::Word(characters[start..at].iter().collect()))
            }
            c if c.is_whitespace() => {
                at += 1;
                None
            }
            c => {
                at += 1;
                Some(Token::Mark(c))
            }
        };
        for c in &characters[start..at] {
            (line, column) = if *c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        if let Some(token) = token {
            tokens.push(Placed { token, line: start_line, column: start_column });
        }
    }
    (tokens, unclosed)
}

/// The text of a literal up to its closing mark, and where it ends, if it does; one of one mark ends with its line.
fn literal(characters: &[char], start: usize, mark: &str) -> (String, Option<usize>) {
    let mark: Vec<char> = mark.chars().collect();
    let mut text = String::new();
    let mut at = start;
    while at < characters.len() {
        if characters[at..].starts_with(&mark) {
            return (text, Some(at + mark.len()));
        }
        match characters[at] {
            '\n' if mark.len() == 1 => return (text, Some(at)),
            '\\' if at + 1 < characters.len() => {
                // Escapes keep their meaning for quotes and lines; others stay as they are.
                match characters[at + 1] {
                    'n' => text.push('\n'),
                    '\n' => text.push(' '),
                    c => text.push(c),
                }
                at += 1;
            }
            c => text.push(c),
        }
        at += 1;
    }
    (text, (mark.len() == 1).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> (Vec<Call>, Option<Unclosed>) {
        super::parse(source, &"Jenkinsfile".into())
    }

    #[test]
    fn calls_have_texts_bodies_and_places() {
        let (calls, unclosed) = parse(
            "// x\nstage('Build') {\n  sh '''\n    make\n  '''\n  sh(script: \"go test\", returnStatus: true)\n}\n",
        );
        assert_eq!(unclosed, None);
        assert_eq!((calls[0].name.as_str(), calls[0].text(), calls[0].line), ("stage", Some("Build"), 2));
        let body = calls[0].body();
        assert_eq!(body[0].text().map(str::trim), Some("make"));
        assert_eq!((body[1].named("script").unwrap().text.as_str(), body[1].line, body[1].column), ("go test", 6, 3));
        assert!(body[1].arguments.contains("returnStatus"));
    }

    #[test]
    fn what_is_left_open_is_told_with_its_place() {
        let of = |text| parse(text).1.map(|(line, column, _)| (line, column));
        assert_eq!(of("stage('a') {\n  sh '''\n    make\n}\n"), Some((2, 6)));
        assert_eq!(of("a {\n  b {\n  }\n"), Some((1, 3)));
        assert_eq!(of("a\n/* b\n"), Some((2, 1)));
        assert_eq!(of("a '{'\nb \"{\"\n// {\n"), None);
    }

    #[test]
    fn a_call_whose_answer_is_kept_or_returned_is_the_call() {
        let (calls, _) = parse("def a = sh(script: 'x')\nb = f(a, 'y') { g() }\nreturn h([to: 'z'])\nc = 'FAILURE'\n");
        let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["sh", "f", "h", "c"]);
        let argument = |name: &str, value| Argument { name: name.into(), value };
        assert_eq!(calls[1].values, [argument("", Value::Word("a".into())), argument("", Value::Text("y".into()))]);
        assert_eq!(calls[2].values, [argument("to", Value::Text("z".into()))]);
        assert_eq!(calls[1].body()[0].name, "g");
    }

    #[test]
    fn odd_files_end() {
        for text in
            ["}", "{", "((((", "'''", "'a\n}", "a {{{", "/*", "\"é", "@", &"a{".repeat(10_000), &"}".repeat(10_000)]
        {
            parse(text);
        }
    }
}
