//! What a browser does between pages: it keeps cookies, and says which pages it takes.

use std::collections::BTreeMap;

use crate::server::{Answer, Server};

/// The address under which browsers are told to come; what it leads to is asked of the server itself.
pub(crate) const ADDRESS: &str = "http://localhost:8320";

/// A browser with nothing open.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn get(&mut self, server: &Server, path: &str) -> Answer {
        let cookies = self.header();
        let answer = server.get(path, &[("accept", "text/html,*/*"), ("cookie", &cookies)]);
        self.keep(&answer);
        answer
    }

    /// Sends a form as a browser does that stands on a page of `site`.
    pub(crate) fn post(&mut self, server: &Server, path: &str, site: &str, form: &str) -> Answer {
        let cookies = self.header();
        let headers = [
            ("accept", "text/html,*/*"),
            ("cookie", &cookies),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", site),
        ];
        let answer = server.post(path, &headers, form.as_bytes());
        self.keep(&answer);
        answer
    }

    fn header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.head_as_it_came.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (pair, attributes) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(attributes.contains("HttpOnly; SameSite=Lax") && attributes.contains("Path=/"), "{line}");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Where an answer leads to.
pub(crate) fn location(answer: &Answer) -> String {
    let lines = answer.head_as_it_came.lines().filter_map(|line| line.split_once(": "));
    let line = lines.filter(|(name, _)| name.eq_ignore_ascii_case("location")).map(|(_, to)| to).next();
    line.unwrap_or_else(|| panic!("it leads nowhere: {answer:?}")).to_owned()
}

/// A value in an address's query.
pub(crate) fn query(address: &str, name: &str) -> String {
    let pairs = address.split(['?', '&']);
    pairs.filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name).unwrap().1.to_owned()
}

/// What a page's own form carries.
pub(crate) fn form_token(page: &Answer) -> String {
    let token = page.body.split("name=\"token\" value=\"").nth(1).unwrap_or_else(|| panic!("no form: {page:?}"));
    token.split('"').next().unwrap().to_owned()
}
