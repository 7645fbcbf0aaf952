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
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::client::Peer;

/// Connections that are open at once; more wait to be accepted.
const CONNECTIONS: usize = 16_384;
/// Who takes longer to agree on keys is left.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted; the system takes fewer where it is set so.
const BACKLOG: u32 = 4096;
/// Bytes of headers.
const HEADER_BYTES: usize = 32 << 10;
/// Headers of a request.
const HEADER_COUNT: usize = 100;
/// Requests that are under way when the server is asked to stop have this long.
const LONGEST_DRAIN: Duration = Duration::from_secs(20);

/// Serves until the process is asked to stop. Fails when it cannot listen.
///
/// Who takes longer than `client_timeout` to send the headers of a request, or asks for nothing for as long, is left.
/// `stop_streams` is told when it is asked to stop: streams have no end of their own.
pub(crate) async fn serve(
    listen: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
    client_timeout: Duration,
    ready: fn(&str),
    stop_streams: watch::Sender<bool>,
) -> std::io::Result<()> {
    let listener = bind(listen)?;
    let mut stop = std::pin::pin!(stop_signal()?);
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let scheme = if tls.is_some() { "https" } else { "http" };
    ready(&format!("{scheme}://{address}"));
    let open = Arc::new(Semaphore::new(most_connections()));
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
                        None => answer(stream, peer, client_timeout, router, watcher).await,
                        Some(tls) => {
                            // Who does not speak TLS has nothing to say here.
                            if let Ok(Ok(stream)) = tokio::time::timeout(LONGEST_HANDSHAKE, tls.accept(stream)).await {
                                answer(stream, peer, client_timeout, router, watcher).await;
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

/// Listens with more room than usual, so that those who come all at once need not come again.
fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Else the address of a server that just ended is taken for a minute.
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}

/// As many as the process may have files open, but for a quarter: those who store and measure open files too.
fn most_connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = open_files(&limits).unwrap_or(usize::MAX);
    CONNECTIONS.min(files - files / 4)
}

/// How many files may be open, as Linux tells it.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Answers what a connection asks until either end has enough.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: Peer,
    client_timeout: Duration,
    router: Router,
    watcher: Watcher,
) {
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(client_timeout)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_allows_is_read_as_it_tells_it() {
        let told = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max processes             63204                63204                processes \n\
                    Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(told), Some(1024));
        assert_eq!(open_files("Max open files            unlimited            unlimited            files"), None);
        assert!((1..=CONNECTIONS).contains(&most_connections()));
    }
}
