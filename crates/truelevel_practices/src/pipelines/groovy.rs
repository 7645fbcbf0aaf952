//! Groovy as far as Jenkinsfiles need it: calls with their texts and blocks, and where they stand.
//!
//! Nothing is evaluated. What is not understood is skipped, so that a file always yields what it does say.

/// A call: `name 'text'`, `name(text: 'x')`, `name { … }`, or all of these.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    /// The texts among the arguments, in order, with the name before each where it has one.
    pub(super) texts: Vec<(String, Text)>,
    /// The arguments as written.
    pub(super) arguments: String,
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
pub(super) fn parse(source: &str) -> (Vec<Call>, Option<Unclosed>) {
    let (tokens, unclosed) = tokens(source);
    let unclosed = unclosed.or_else(|| open_block(&tokens));
    let mut parser = Parser { tokens: &tokens, at: 0 };
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
    tokens: &'t [Placed],
    at: usize,
}

impl Parser<'_> {
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
                    let call = Call {
                        name: name.clone(),
                        texts: Vec::new(),
                        arguments: String::new(),
                        body: None,
                        line: placed.line,
                        column: placed.column,
                    };
                    calls.push(self.call(call, depth));
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
    fn call(&mut self, mut call: Call, depth: usize) -> Call {
        let mut open = 0_usize;
        let mut name = String::new();
        while let Some(placed) = self.tokens.get(self.at) {
            match &placed.token {
                Token::Newline | Token::Mark(';' | '}') if open == 0 => break,
                Token::Mark('{') if open == 0 => {
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
        call
    }
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
    fn odd_files_end() {
        for text in
            ["}", "{", "((((", "'''", "'a\n}", "a {{{", "/*", "\"é", "@", &"a{".repeat(10_000), &"}".repeat(10_000)]
        {
            parse(text);
        }
    }
}
