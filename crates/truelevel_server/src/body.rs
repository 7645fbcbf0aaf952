//! Reading bodies within bounds: of one body, and of all that are held at once.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// The largest body that is taken, also when it is unpacked: what GitHub sends at most.
pub(crate) const LARGEST_BODY: usize = 25 << 20;
/// Bodies that are held at once, together.
const HELD_BYTES: usize = 128 << 20;

/// What may be held at once.
#[derive(Clone)]
pub(crate) struct Budget {
    bytes: Arc<Semaphore>,
    /// Who takes longer to send a body is not waited for.
    longest: Duration,
}

/// A body and its share of the budget, which is given back with it.
pub(crate) struct Held {
    /// As it was transmitted.
    pub(crate) transmitted: Vec<u8>,
    /// Unpacked, where it was packed.
    unpacked: Option<Vec<u8>>,
    /// Its share.
    pub(crate) share: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// The body, unpacked.
    pub(crate) fn body(&self) -> &[u8] {
        self.unpacked.as_ref().unwrap_or(&self.transmitted)
    }
}

impl Budget {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { bytes: Arc::new(Semaphore::new(HELD_BYTES)), longest }
    }

    /// Reads a body while it stays within bounds.
    pub(crate) async fn hold(&self, headers: &HeaderMap, body: Body) -> Result<Held, Problem> {
        let told = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if told.is_some_and(|bytes| bytes > LARGEST_BODY as u64) {
            return Err(too_large());
        }
        let packing = headers.get(header::CONTENT_ENCODING).map(|packing| packing.as_bytes().to_ascii_lowercase());
        let is_packed = match packing.as_deref() {
            None | Some(b"identity" | b"") => false,
            Some(b"gzip" | b"x-gzip") => true,
            Some(_) => {
                let detail = "this content encoding is not read; send it as it is, or as gzip";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
            }
        };
        let read = tokio::time::timeout(self.longest, self.read(body));
        let mut held =
            read.await.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long"))??;
        if is_packed {
            self.unpack(&mut held)?;
        }
        Ok(held)
    }

    async fn read(&self, mut body: Body) -> Result<Held, Problem> {
        let mut held = Held { transmitted: Vec::new(), unpacked: None, share: None };
        while let Some(frame) = body.frame().await {
            let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off");
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if held.transmitted.len() + data.len() > LARGEST_BODY {
                return Err(too_large());
            }
            self.take(&mut held, data.len())?;
            held.transmitted.extend_from_slice(&data);
        }
        Ok(held)
    }

    /// Unpacks piece by piece, so that little bytes cannot become many unseen.
    fn unpack(&self, held: &mut Held) -> Result<(), Problem> {
        const PIECE: usize = 64 << 10;
        let packed = std::mem::take(&mut held.transmitted);
        let mut unpacked = Vec::new();
        let mut decoder = MultiGzDecoder::new(packed.as_slice());
        let mut piece = vec![0; PIECE];
        loop {
            let wrong = |_| Problem::new(StatusCode::BAD_REQUEST, "the body is not gzip as its header says");
            match decoder.read(&mut piece).map_err(wrong)? {
                0 => break,
                bytes if unpacked.len() + bytes > LARGEST_BODY => return Err(too_large()),
                bytes => {
                    self.take(held, bytes)?;
                    unpacked.extend_from_slice(&piece[..bytes]);
                }
            }
        }
        held.transmitted = packed;
        held.unpacked = Some(unpacked);
        Ok(())
    }

    fn take(&self, held: &mut Held, bytes: usize) -> Result<(), Problem> {
        let Ok(count) = u32::try_from(bytes) else { return Err(too_large()) };
        let more = Arc::clone(&self.bytes).try_acquire_many_owned(count).map_err(|_| Problem::busy())?;
        match &mut held.share {
            Some(share) => share.merge(more),
            None => held.share = Some(more),
        }
        Ok(())
    }
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body may have {} MiB", LARGEST_BODY >> 20))
}
