//! Requests that bring something.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::served::{Server, status};

/// Somebody who sends one request after the other.
pub(crate) struct Sender {
    reader: BufReader<TcpStream>,
    host: String,
}

impl Sender {
    /// Connects; the connection stays open.
    pub(crate) fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(&server.address).expect("it listens");
        stream.set_nodelay(true).expect("a setting of every system");
        Self { reader: BufReader::new(stream), host: server.address.clone() }
    }

    /// Sends a body and waits for the answer; the status.
    pub(crate) fn post(&mut self, path: &str, token: &str, body: &str) -> u16 {
        let (host, length) = (&self.host, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.reader.get_mut().write_all(request.as_bytes()).expect("it reads");
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let from = head.len();
            assert!(self.reader.read_line(&mut head).expect("it answers") > 0, "the server hung up: {head}");
            let line = head[from..].trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.parse().expect("a length");
            }
        }
        let mut rest = vec![0; length];
        self.reader.read_exact(&mut rest).expect("it answers whole");
        status(head.as_bytes())
    }
}
