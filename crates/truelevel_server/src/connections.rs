//! Connections: accepted, bounded in number, time and size of headers, and ended in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::client::Peer;

/// Connections that are open at once; more wait to be accepted.
const CONNECTIONS: usize = 16_384;
/// Who takes longer to send the headers of a request, or asks for nothing for as long, is left.
const LONGEST_HEADERS: Duration = Duration::from_secs(20);
/// Who takes longer to agree on keys is left.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes of headers.
const HEADER_BYTES: usize = 32 << 10;
/// Headers of a request.
const HEADER_COUNT: usize = 100;
/// Requests that are under way when the server is asked to stop have this long.
const LONGEST_DRAIN: Duration = Duration::from_secs(20);

/// Serves until the process is asked to stop. Fails when it cannot listen.
///
/// `stop_streams` is told when it is asked to stop: streams have no end of their own.
pub(crate) async fn serve(
    listen: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
    ready: fn(&str),
    stop_streams: watch::Sender<bool>,
) -> std::io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    let mut stop = std::pin::pin!(stop_signal()?);
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let scheme = if tls.is_some() { "https" } else { "http" };
    ready(&format!("{scheme}://{address}"));
    let open = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&open).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Answers are small and complete: waiting for more to send only delays them.
                let _ = stream.set_nodelay(true);
                let (router, watcher, tls) = (router.clone(), graceful.watcher(), tls.clone());
                tokio::spawn(async move {
                    let peer = Peer(peer.ip());
                    match tls {
                        None => answer(stream, peer, router, watcher).await,
                        Some(tls) => {
                            // Who does not speak TLS has nothing to say here.
                            if let Ok(Ok(stream)) = tokio::time::timeout(LONGEST_HANDSHAKE, tls.accept(stream)).await {
                                answer(stream, peer, router, watcher).await;
                            }
                        }
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // Mostly too many open files: whoever ends makes room.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    stop_streams.send_replace(true);
    tracing::info!("stopping");
    if tokio::time::timeout(LONGEST_DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}

/// Answers what a connection asks until either end has enough.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: Peer,
    router: Router,
    watcher: Watcher,
) {
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_HEADERS)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADER_COUNT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // A connection that breaks is its other end's business.
    let _ = watcher.watch(connection).await;
}

/// Ends when the process is asked to stop.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
