//! Answers that browsers keep and ask for again by their mark, packed where they are large, and made once per answer.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::OnceCell;

use crate::problem::Problem;

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

/// An answer, or the place where one who asked first makes it while the others wait.
type Place = Arc<OnceCell<Arc<Content>>>;

#[derive(Default)]
struct Shelf {
    contents: BTreeMap<(u64, String), Place>,
    bytes: usize,
}

impl Kept {
    /// What was kept; else it is made and kept. Whoever asks for the same meanwhile waits for it: a crowd that comes at once
    /// costs as much as one.
    pub(crate) async fn get(
        &self,
        number: u64,
        asked: String,
        make: impl FnOnce() -> Result<Content, Problem> + Send + 'static,
    ) -> Result<Arc<Content>, Problem> {
        let key = (number, asked);
        let place = Arc::clone(self.shelf().contents.entry(key.clone()).or_default());
        let made = place.get_or_try_init(|| async {
            let content = Arc::new(blocking(make).await?);
            self.count(&place, content.bytes());
            Ok(content)
        });
        let answer = made.await.map(Arc::clone);
        if answer.is_err() && !place.initialized() {
            self.shelf().contents.remove(&key);
        }
        answer
    }

    /// Counts what is kept now; when it is too much, all others are forgotten.
    fn count(&self, place: &Place, bytes: usize) {
        let mut shelf = self.shelf();
        if shelf.bytes + bytes > KEPT_BYTES {
            shelf.contents.retain(|_, other| Arc::ptr_eq(other, place));
            shelf.bytes = 0;
        }
        shelf.bytes += bytes;
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that would hold up others.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let bug = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this could not be made; the log says why");
    tokio::task::spawn_blocking(work).await.map_err(|_| bug())?
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    fn waiting<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn what_is_kept_stays_bounded() {
        let kept = Kept::default();
        let large = || Ok(Content::new("text/plain", vec![b' '; KEPT_BYTES / 2]));
        let never = || Err(Problem::new(StatusCode::GONE, "made again"));
        waiting(async {
            for number in 0..4 {
                kept.get(number, String::new(), large).await.unwrap();
            }
            assert!(kept.get(3, String::new(), never).await.is_ok());
            assert!(kept.get(0, String::new(), never).await.is_err(), "forgotten");
        });
        assert_eq!(kept.shelf().contents.len(), 1, "what could not be made takes no room");
    }

    #[test]
    fn a_crowd_that_asks_for_the_same_has_it_made_once() {
        let (kept, made) = (Kept::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let made = Arc::clone(&made);
            kept.get(1, "page".to_owned(), move || {
                made.fetch_add(1, Ordering::Relaxed);
                Ok(Content::new("text/plain", "a"))
            })
        };
        let (first, second, third) = waiting(async { tokio::join!(ask(), ask(), ask()) });
        assert!(first.is_ok() && second.is_ok() && third.is_ok());
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}
