//! Answers that browsers keep and ask for again by their mark, packed where they are large, and made once per answer.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Smaller answers fit into a packet or two anyway.
const WORTH_PACKING: usize = 1400;
/// Bytes of answers that are kept.
const KEPT_BYTES: usize = 64 << 20;

/// An answer as it is sent.
#[derive(Clone)]
pub(crate) struct Content {
    media_type: &'static str,
    plain: Bytes,
    packed: Option<Bytes>,
    /// What it is known by (RFC 9110, weak: packed or not, it says the same).
    mark: String,
}

impl Content {
    pub(crate) fn new(media_type: &'static str, text: impl Into<Vec<u8>>) -> Self {
        let plain: Vec<u8> = text.into();
        let mut hasher = DefaultHasher::new();
        (media_type, &plain).hash(&mut hasher);
        let packed = (plain.len() > WORTH_PACKING).then(|| packed(&plain)).flatten();
        Self { media_type, plain: plain.into(), packed, mark: format!("W/\"{:016x}\"", hasher.finish()) }
    }

    /// The answer, or word that the asker has it. Browsers ask each time, so that nobody sees an old number.
    pub(crate) fn respond(&self, asked: &HeaderMap) -> Response {
        let given = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        let known = given(header::IF_NONE_MATCH);
        let is_known = known == "*" || known.split(',').any(|known| known.trim() == self.mark);
        let packed = self.packed.as_ref().filter(|_| takes_gzip(given(header::ACCEPT_ENCODING)));
        let mut response = match (is_known, packed) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, Some(packed)) => packed.clone().into_response(),
            (false, None) => self.plain.clone().into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
        if packed.is_some() && !is_known {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Ok(mark) = HeaderValue::from_str(&self.mark) {
            headers.insert(header::ETAG, mark);
        }
        response
    }

    fn bytes(&self) -> usize {
        self.plain.len() + self.packed.as_ref().map_or(0, Bytes::len)
    }
}

fn packed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).ok()?;
    Some(encoder.finish().ok()?.into())
}

/// Whether gzip is taken, by name and not with weight zero.
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight != Some(0.0)
    })
}

/// Answers that were made already, by the number of what they are made from and what was asked.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    contents: BTreeMap<(u64, String), Arc<Content>>,
    bytes: usize,
}

impl Kept {
    /// What was kept.
    pub(crate) fn find(&self, number: u64, asked: &str) -> Option<Arc<Content>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.contents.get(&(number, asked.to_owned())).map(Arc::clone)
    }

    /// Keeps an answer; when there are too many, the others are forgotten.
    pub(crate) fn keep(&self, number: u64, asked: String, content: Content) -> Arc<Content> {
        let content = Arc::new(content);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + content.bytes() > KEPT_BYTES {
            *kept = Shelf::default();
        }
        kept.bytes += content.bytes();
        kept.contents.insert((number, asked), Arc::clone(&content));
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(content: &Content, pairs: &[(header::HeaderName, &'static str)]) -> Response {
        content.respond(&pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect())
    }

    #[test]
    fn large_answers_are_packed_for_whom_asks() {
        let content = Content::new("text/plain", "a".repeat(10_000));
        let is_packed = |accepted| {
            let response = ask(&content, &[(header::ACCEPT_ENCODING, accepted)]);
            response.headers().contains_key(header::CONTENT_ENCODING)
        };
        assert!(is_packed("gzip") && is_packed("br, GZIP;q=0.5"));
        assert!(!is_packed("br") && !is_packed("gzip;q=0") && !is_packed(""));
        let small = Content::new("text/plain", "a");
        assert!(!ask(&small, &[(header::ACCEPT_ENCODING, "gzip")]).headers().contains_key(header::CONTENT_ENCODING));
    }

    #[test]
    fn what_the_asker_has_is_not_sent_again() {
        let content = Content::new("text/plain", "a");
        let mark: &'static str = Box::leak(content.mark.clone().into_boxed_str());
        assert_eq!(ask(&content, &[(header::IF_NONE_MATCH, mark)]).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&content, &[(header::IF_NONE_MATCH, "W/\"other\"")]).status(), StatusCode::OK);
        assert_ne!(Content::new("text/plain", "b").mark, content.mark);
    }

    #[test]
    fn what_is_kept_stays_bounded() {
        let kept = Kept::default();
        let large = || Content::new("text/plain", vec![b' '; KEPT_BYTES / 2]);
        for number in 0..4 {
            kept.keep(number, String::new(), large());
        }
        assert!(kept.find(3, "").is_some() && kept.find(0, "").is_none());
    }
}
